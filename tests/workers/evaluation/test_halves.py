from workers.evaluation.halves import half_of, is_in


def test_users_fall_into_two_halves_of_about_one_size() -> None:
    tune = sum(half_of(f"user-{number}") == "tune" for number in range(2_000))
    assert 920 < tune < 1_080


def test_a_user_stays_on_one_side_for_good() -> None:
    assert [half_of(user) for user in ("ada", "bo", "U1", "U2")] == ["tune", "tune", "report", "report"]


def test_everybody_is_in_all_and_in_just_one_half() -> None:
    for number in range(50):
        user = f"user-{number}"
        assert is_in("all", user)
        assert is_in("tune", user) != is_in("report", user)
