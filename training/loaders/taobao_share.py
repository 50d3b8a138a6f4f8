"""Taobao item sharing: who shared what with whom, of the CAAI-BDSC 2023 competition.

A row (inviter, item, voter, timestamp) says that the inviter shared the item at that time and that
the voter came through the link. Rows that agree in inviter, item and time are one ``Product
Shared`` (to whom is not known beforehand, so ``peer_id`` is null) and one ``Share Link Opened`` by
each voter, with the inviter as ``peer_id`` and the same ``share_id``. The time of opening is not
recorded: openings carry the time of sharing, so nothing about delays can be learnt from this set.
There are no ties; who opens whose links implies them.

``user_level`` is the points level 1 to 10 (``member_level``), ``user_age`` an age bracket 1 to 8,
kept as ``age_level`` in ``extra``; gender 0 is female, 1 male; −1 anywhere and brand 0 are unknown.

Counted in the slice of 27,084 rows, 9,297 inviters and 11,454 voters:

* Times are naive, from 2021-12-27 00:25:23 to 2022-10-14 10:42:05, and are read as UTC. Sharing is
  rarest from 02:00 to 06:59 as written, so they are probably China's local time.
* 26,479 shares; 471 of them have two to five voters. No row comes twice, nobody opens their own
  share, and 1,579 people are inviter here and voter there.
* All 23,230 items and 19,172 people have exactly one row of attributes; 6 items know no category
  and no shop, 3,728 no brand; 2,127 people no gender, 2,577 no age.
"""

from training.loaders.dataset import Dataset

_SHARE_ID = "md5(inviter_id || '/' || item_id || '/' || epoch_us(\"timestamp\"))"

DATASET = Dataset(
    "taobao-share",
    files={
        "shares.parquet": ("inviter_id", "item_id", "voter_id", "timestamp"),
        "items.parquet": ("item_id", "cate_id", "cate_level1_id", "brand_id", "shop_id"),
        "users.parquet": ("user_id", "user_gender", "user_age", "user_level"),
    },
    queries={
        "users": """
            SELECT user_id, 0 AS valid_from_us,
                   CASE user_gender WHEN 0 THEN 'female' WHEN 1 THEN 'male' END AS gender,
                   nullif(user_level, -1)::VARCHAR AS member_level,
                   '{"age_level": ' || nullif(user_age, -1) || '}' AS extra
            FROM users ORDER BY user_id""",
        "items": """
            SELECT item_id, 0 AS valid_from_us, nullif(cate_id, -1)::VARCHAR AS category,
                   CASE WHEN cate_level1_id <> cate_id
                        THEN nullif(cate_level1_id, -1) || '/' || nullif(cate_id, -1)
                        ELSE nullif(cate_id, -1)::VARCHAR END AS category_path,
                   CASE WHEN brand_id > 0 THEN brand_id::VARCHAR END AS brand,
                   nullif(shop_id, -1)::VARCHAR AS shop
            FROM items ORDER BY item_id""",
        "events": f"""
            WITH openings AS (SELECT *, {_SHARE_ID} AS share_id FROM shares)
            SELECT 'share:' || share_id AS message_id, 0 AS line, 'Product Shared' AS event,
                   epoch_us(min("timestamp")) AS at_us, min(inviter_id) AS user_id,
                   min(item_id) AS item_id, NULL AS peer_id, share_id
            FROM openings GROUP BY share_id
            UNION ALL
            SELECT DISTINCT 'open:' || share_id || ':' || voter_id, 0, 'Share Link Opened',
                   epoch_us("timestamp"), voter_id, item_id, inviter_id, share_id
            FROM openings
            ORDER BY at_us, share_id, event, user_id""",
    },
)

load = DATASET.load
