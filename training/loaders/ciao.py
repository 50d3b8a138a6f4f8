"""Ciao: ratings of products by a community whose members trust one another.

A rating of 4 or 5 is read as a purchase (``Order Completed``: one unit, no price, the rating kept),
any other as ``Product Viewed``; how helpful others found it stands in ``extra``. A trust link is a
tie ``follow`` without a date: an evaluation by time that uses the ties knows links of the future.

Counted in the public file of 284,086 ratings by 7,375 people of 105,114 products in 28 categories:

* Every time is 07:00:00 UTC of its day, from 2000-05-30 to 2011-04-12: days, not seconds. Up to 93
  ratings of one person share an instant, and their order is not known.
* 282,650 pairs of person and product are distinct; 283,728 with the day. Of rows equal in all three
  the last in the file is kept: 358 rows go, of which 190 say nothing new.
* 101 products come under two or three categories; the most frequent one is theirs.
* 34 ratings are 0, outside 1 to 5: views without a rating. 227,101 of the kept rows are purchases.
* 57,544 trust links among 2,342 people, all of whom rate; none twice, none to oneself; 27,708 are
  returned.

Source: Tang, Gao & Liu, "mTrust: discerning multi-faceted trust in a connected world", WSDM 2012.
"""

from training.loaders.dataset import Dataset

_DISTINCT = """(
    SELECT *, "user" || ':' || product || ':' || unix_time AS code
    FROM ratings
    QUALIFY row_number() OVER (
        PARTITION BY "user", product, unix_time ORDER BY file_row_number DESC) = 1
)"""

DATASET = Dataset(
    "ciao",
    files={
        "ratings.parquet": ("user", "product", "category", "rating", "helpfulness", "unix_time"),
        "trust.parquet": ("user", "trusts"),
    },
    queries={
        "users": """
            SELECT "user"::VARCHAR AS user_id, 0 AS valid_from_us
            FROM (SELECT "user" FROM ratings UNION SELECT "user" FROM trust
                  UNION SELECT trusts FROM trust)
            ORDER BY user_id""",
        "items": """
            SELECT product::VARCHAR AS item_id, 0 AS valid_from_us, category::VARCHAR AS category
            FROM (SELECT product, category, count(*) AS n FROM ratings GROUP BY ALL)
            QUALIFY row_number() OVER (PARTITION BY product ORDER BY n DESC, category) = 1
            ORDER BY item_id""",
        "ties": """
            SELECT "user"::VARCHAR AS user_id, trusts::VARCHAR AS peer_id, 'follow' AS tie_type,
                   'ciao' AS source
            FROM trust ORDER BY ALL""",
        "events": f"""
            SELECT 'ciao:' || code AS message_id, 0 AS line,
                   CASE WHEN rating >= 4 THEN 'Order Completed' ELSE 'Product Viewed' END AS event,
                   unix_time * 1000000 AS at_us, "user"::VARCHAR AS user_id,
                   product::VARCHAR AS item_id,
                   CASE WHEN rating >= 4 THEN code END AS order_id,
                   CASE WHEN rating >= 4 THEN 1 END AS quantity,
                   nullif(rating, 0) AS rating,
                   '{{"helpfulness": ' || helpfulness || '}}' AS extra
            FROM {_DISTINCT} ORDER BY at_us, message_id""",
    },
)

load = DATASET.load
