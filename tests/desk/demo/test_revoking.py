from desk.demo.revoking import drawn

USED = [["to-crm-role", 0], ["to-crm-role", 3], ["to-crm-role", 5], ["receive-role", 1]]


def test_each_role_loses_one_statement_that_it_used() -> None:
    for draw in range(20):
        lost = dict(drawn(USED, draw))
        assert set(lost) == {"to-crm-role", "receive-role"}
        assert lost["receive-role"] == 1
        assert lost["to-crm-role"] in {0, 3, 5}


def test_a_draw_can_be_repeated_and_others_differ() -> None:
    assert drawn(USED, 4711) == drawn(list(reversed(USED)), 4711)
    assert len({tuple(drawn(USED, draw)) for draw in range(20)}) == 3
