from serving.ids import request_id


def test_ids_sort_by_time_and_differ() -> None:
    made = [request_id(at * 1000) for at in range(1_000)]
    assert made == sorted(made)
    assert len({request_id(0) for _ in range(1_000)}) == 1_000
