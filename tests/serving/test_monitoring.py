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


def test_stages_and_sources_of_a_list_are_counted() -> None:
    metrics = Metrics()
    metrics.listed({"ranking": 2.5}, {"als": 200})
    lines = metrics.text().decode().splitlines()
    assert 'huoren_feed_stage_seconds_sum{stage="ranking"} 0.0025' in lines
    assert 'huoren_feed_candidates_sum{source="als"} 200.0' in lines
