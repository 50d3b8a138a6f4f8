from serving.monitoring import Metrics


def test_only_the_bundle_in_service_is_one() -> None:
    metrics = Metrics()
    metrics.serve("cafe")
    metrics.serve("beef")
    lines = metrics.text().decode().splitlines()
    assert 'huoren_bundle_info{version="beef"} 1.0' in lines
    assert 'huoren_bundle_info{version="cafe"} 0.0' in lines


def test_drops_are_told_from_the_start() -> None:
    lines = Metrics().text().decode().splitlines()
    assert 'huoren_impressions_total{result="dropped"} 0.0' in lines
