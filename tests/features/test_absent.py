import sys

import pytest

from features.absent import absent


def test_what_is_kept_out_can_be_imported_afterwards():
    sys.modules.pop("colorsys", None)
    with absent("colorsys"), pytest.raises(ModuleNotFoundError, match="kept out"):
        import colorsys
    import colorsys

    assert colorsys.rgb_to_hls(0.0, 0.0, 0.0) == (0.0, 0.0, 0.0)


def test_parts_of_a_loaded_package_can_still_be_loaded():
    assert "email" in sys.modules
    sys.modules.pop("email.charset", None)
    with absent("email"):
        from email.charset import Charset
    assert Charset("utf-8").input_charset == "utf-8"
