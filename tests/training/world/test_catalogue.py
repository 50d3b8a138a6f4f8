from training.world.words import LEAVES


def test_the_tree_is_named_in_chinese(ask) -> None:
    paths = {path for (path,) in ask("select distinct category_path from i")}
    assert paths <= {f"{leaf.department}/{leaf.name}" for leaf in LEAVES}
    assert len(paths) > 25
    assert 5 <= len({leaf.department for leaf in LEAVES}) <= 8


def test_titles_tell_the_brand_and_end_as_the_category_does(ask) -> None:
    nouns = {leaf.name: tuple(leaf.nouns.split()) for leaf in LEAVES}
    for title, brand, category, tags in ask("select title, brand, category, style_tags from i"):
        head, thing, _ = title.split(" ")
        assert head == brand
        assert thing.endswith(nouns[category])
        assert thing.startswith(tags[0])


def test_price_changes_and_sell_outs_are_versions(ask) -> None:
    rows = ask(
        "select count(distinct price_fen) from i where status = 'on_sale' group by item_id"
        " having count(*) > 1"
    )
    assert len(rows) > 10
    assert ask("select min(valid_from_us - listed_us) from i") == [(0,)]


def test_nothing_is_sold_the_day_after_it_sold_out(ask) -> None:
    assert ask(
        "select count(*) from e join (from i where status = 'off_sale') i using (item_id)"
        " where event = 'Product Viewed' and at_us >= valid_from_us + 2 * 3600000000"
    ) == [(0,)]
