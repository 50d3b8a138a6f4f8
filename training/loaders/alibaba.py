"""Alibaba e-commerce: ten days of clicks, collections, carts and purchases of a sample of people.

Only the day of an act is published: every act carries noon of its day in China (04:00 UTC), so that
the order of acts within a day is not known. An act that stands in several rows was done as often.
Gender 1 is read as female, 0 as male, −1 anywhere is unknown; age level, education, career, income
and life stages are kept as they are in ``extra``. Brand 0 is unknown. Prices are in yuan.

Counted in 85,213 acts of 1,476 people on 34,505 items from 2019-06-10 to 2019-06-19: 57,917 clicks,
5,529 collections, 15,066 carts and 6,701 purchases; 80,943 differ in person, item, act or day.
"""

from training.loaders.dataset import Dataset

_ACTS = """
    CASE behaviour WHEN 'click' THEN 'Product Viewed' WHEN 'cart' THEN 'Product Added'
        WHEN 'collect' THEN 'Product Added to Wishlist' WHEN 'buy' THEN 'Order Completed' END"""

DATASET = Dataset(
    "alibaba",
    files={
        "events.parquet": ("user", "item", "behaviour", "day"),
        "items.parquet": ("item", "category_level1", "category", "brand", "price"),
        "users.parquet": ("user", "gender", "age_level", "education", "career", "income", "stages"),
    },
    queries={
        "users": """
            SELECT "user"::VARCHAR AS user_id, 0 AS valid_from_us,
                   CASE u.gender WHEN '1' THEN 'female' WHEN '0' THEN 'male' END AS gender,
                   CASE WHEN u.gender IS NOT NULL THEN to_json({
                        'age_level': u.age_level, 'education': u.education, 'career': u.career,
                        'income': u.income, 'stages': u.stages})::VARCHAR END AS extra
            FROM (SELECT DISTINCT "user"::VARCHAR AS "user" FROM events) LEFT JOIN users u
            USING ("user") ORDER BY user_id""",
        "items": """
            SELECT item::VARCHAR AS item_id, 0 AS valid_from_us, category::VARCHAR AS category,
                   category_level1 || '/' || category AS category_path,
                   nullif(brand, 0)::VARCHAR AS brand, round(100 * price) AS price_fen,
                   'CNY' AS currency
            FROM items ORDER BY item_id""",
        "events": f"""
            WITH acts AS (
                SELECT "user" || ':' || item || ':' || behaviour || ':' || day || ':'
                       || row_number() OVER (PARTITION BY "user", item, behaviour, day) AS code,
                       {_ACTS} AS event, *
                FROM events
            )
            SELECT 'alibaba:' || code AS message_id, 0 AS line, event,
                   epoch_us(strptime(day::VARCHAR, '%Y%m%d') + INTERVAL 4 HOUR) AS at_us,
                   "user"::VARCHAR AS user_id, acts.item::VARCHAR AS item_id,
                   CASE WHEN event = 'Order Completed' THEN code END AS order_id,
                   CASE WHEN event = 'Order Completed' THEN 1 END AS quantity,
                   CASE WHEN event = 'Order Completed' THEN round(100 * price) END AS price_fen,
                   CASE WHEN event = 'Order Completed' THEN round(100 * price) END AS total_fen,
                   'CNY' AS currency
            FROM acts LEFT JOIN items USING (item)
            WHERE event IS NOT NULL ORDER BY at_us, message_id""",
    },
)

load = DATASET.load
"""Read the folder; see ``Dataset.load``."""
