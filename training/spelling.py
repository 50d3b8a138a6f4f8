"""Words and numbers of the report, as people read them."""

LABELS = {
    "feed": "个性化推荐 Feed",
    "sharing": "分享对象 Share targets",
    "group_buy": "拼团 Group buying",
    "ndcg@20": "NDCG@20",
    "recall@20": "召回率 Recall@20",
    "coverage": "覆盖率 coverage",
    "novelty": "新颖度 novelty, bits",
    "all": "全部 all",
    "popularity": "热门 popularity",
    "person=new": "新来的人 new people",
    "person=known": "老用户 known people",
    "item=new": "新品 new items",
    "item=known": "旧品 known items",
    "calibration_error": "校准误差 calibration error",
    "champion": "线上版本 champion",
    "history=0": "新用户 no history",
    "history=1-4": "1–4 次 events",
    "history=5-19": "5–19 次 events",
    "history=20+": "20 次以上 events",
}


def figure(value: object) -> str:
    """A number, a word or a dash.

    Examples
    --------
    >>> figure(0.12345), figure(1234), figure(None), figure(float("nan"))
    ('0.1235', '1,234', '–', '–')
    """
    if value is None or value != value:
        return "–"
    if isinstance(value, bool | str):
        return str(value) or "–"
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) < 10 else f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def label(name: str) -> str:
    """A name in both languages, where one is known."""
    return LABELS.get(name, name)
