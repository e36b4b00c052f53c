"""The tables that do not grow: regions and products."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cockpit.demo.draw import Stream, generator
from cockpit.demo.profile import CategoryProfile, RegionProfile

_CENTS = 100


def make_regions(regions: Sequence[RegionProfile], entered_at: np.datetime64) -> pd.DataFrame:
    """Grain: one row per region; columns as the ERP's table region."""
    return pd.DataFrame(
        {
            "region_code": [region.region_code for region in regions],
            "name_en": [region.name_en for region in regions],
            "name_zh": [region.name_zh for region in regions],
            "sales_region_code": [region.sales_region_code for region in regions],
            "updated_at": entered_at,
        }
    )


def make_products(categories: Sequence[CategoryProfile], seed: int, entered_at: np.datetime64) -> pd.DataFrame:
    """Grain: one row per product; columns as the ERP's table product, the price as `list_price_cents`."""
    rng = generator(seed, Stream.PRODUCTS)
    rows: list[tuple[int, str, str, str, str, int]] = []
    for category in categories:
        sold = [(family, variant) for family in category.families for variant in category.variants]
        low, high = np.log(category.list_price.min), np.log(category.list_price.max)
        prices = np.round(np.exp(rng.uniform(low, high, len(sold)))).astype(np.int64) * _CENTS
        for number, ((family, variant), price) in enumerate(zip(sold, prices.tolist(), strict=True), start=1):
            rows.append(
                (
                    1001 + len(rows),
                    f"{category.code}-{1000 + number}",
                    f"{family.name_en} {variant}",
                    f"{family.name_zh} {variant}",
                    category.category,
                    price,
                )
            )
    columns = ["product_id", "product_code", "name_en", "name_zh", "category", "list_price_cents"]
    return pd.DataFrame(rows, columns=columns).assign(updated_at=entered_at)
