"""The Complete Journey: a year of baskets of households at a grocer, published by dunnhumby.

A basket is one ``Order Completed`` with a line for each product. ``price_fen`` is what the
household paid for one unit, in cents (``sales_value`` less its coupon), ``list_price_fen`` what it
would have paid without card and coupons; both discounts of the basket stand on line 0. Departments
and categories make the path, the manufacturer is the brand; whether the brand is national or the
grocer's own stands in ``extra``, as do the demographics that 801 households gave. A coupon that was
redeemed is ``Coupon Applied`` at noon of its day; the set does not say in which basket.

Counted in 1,469,307 rows of 2,469 households, 155,848 baskets and 68,509 products:

* Times are naive, in 2017, and read as UTC; a basket has one.
* 8,869 rows have no quantity: corrections, which are left out. Fuel is counted in thousandths of
  a gallon, so quantities reach 89,638.
* 2,102 coupons were redeemed, by 410 households. Who was sent a campaign was not drawn by lot, so
  that its effect cannot be told; it is left out.
* No basket names a product twice. 92,331 products are described; some are never bought.

Source: dunnhumby, "The Complete Journey", as packaged for R by Boehmke and Powell.
"""

from training.loaders.dataset import Dataset

DATASET = Dataset(
    "complete-journey",
    files={
        "transactions.parquet": (
            "household_id", "basket_id", "product_id", "quantity", "sales_value", "retail_disc",
            "coupon_disc", "coupon_match_disc", "transaction_timestamp",
        ),
        "products.parquet": (
            "product_id", "manufacturer_id", "department", "brand", "product_category",
        ),
        "demographics.parquet": ("household_id", "age", "income", "household_size", "kids_count"),
        "coupon_redemptions.parquet": (
            "household_id", "coupon_upc", "campaign_id", "redemption_date",
        ),
    },
    queries={
        "users": """
            SELECT household_id::VARCHAR AS user_id, 0 AS valid_from_us,
                   CASE WHEN d.household_id IS NOT NULL THEN to_json({
                        'age': d.age, 'income': d.income, 'household_size': d.household_size,
                        'kids_count': d.kids_count})::VARCHAR END AS extra
            FROM (SELECT DISTINCT household_id FROM transactions)
            LEFT JOIN demographics d USING (household_id) ORDER BY user_id""",
        "items": """
            SELECT product_id::VARCHAR AS item_id, 0 AS valid_from_us,
                   product_category AS category, manufacturer_id::VARCHAR AS brand,
                   replace(department, '/', '-') || '/' || replace(product_category, '/', '-')
                        AS category_path,
                   'USD' AS currency, to_json({'brand': brand})::VARCHAR AS extra
            FROM products ORDER BY item_id""",
        "events": """
            WITH bought AS (
                SELECT *, row_number() OVER (PARTITION BY basket_id ORDER BY product_id) - 1 AS line
                FROM transactions WHERE quantity > 0
            ), baskets AS (
                SELECT basket_id, sum(sales_value - coupon_disc) AS paid,
                       sum(retail_disc + coupon_disc + coupon_match_disc) AS saved
                FROM bought GROUP BY basket_id
            ), redeemed AS (
                SELECT 'coupon:' || file_row_number AS message_id, 0 AS line,
                       'Coupon Applied' AS event,
                       epoch_us(redemption_date) + 43200000000 AS at_us,
                       household_id::VARCHAR AS user_id, coupon_upc::VARCHAR AS coupon_id,
                       campaign_id::VARCHAR AS campaign_id
                FROM coupon_redemptions
            ), ordered AS (
            SELECT 'basket:' || basket_id AS message_id, line, 'Order Completed' AS event,
                   epoch_us(transaction_timestamp) AS at_us, household_id::VARCHAR AS user_id,
                   product_id::VARCHAR AS item_id, basket_id::VARCHAR AS order_id, quantity,
                   round(100 * greatest(sales_value - coupon_disc, 0) / quantity) AS price_fen,
                   round(100 * (sales_value + retail_disc + coupon_match_disc) / quantity)
                        AS list_price_fen,
                   CASE WHEN line = 0 THEN round(100 * greatest(paid, 0)) END AS total_fen,
                   CASE WHEN line = 0 THEN round(100 * saved) END AS discount_fen,
                   'USD' AS currency
            FROM bought JOIN baskets USING (basket_id)
            )
            FROM ordered UNION ALL BY NAME FROM redeemed ORDER BY at_us, message_id, line""",
    },
)  # fmt: skip

load = DATASET.load
"""Read the folder; see ``Dataset.load``."""
