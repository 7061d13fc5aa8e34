"""Quiz: questions are refused or kept whole, and the page's judge names every kind of mistake."""

import json
from fractions import Fraction

import numpy as np
import pytest
import traitlets
from node import run_tests

from cnnlib.mistakes import MISTAKES, case
from cnnlib.widgets import Quiz, question

GRID = np.array([[1, 2, 3], [4, 5, 6]])
READABLE = ["0", "7", "-3", "−3", "–3", "+2", " 5 ", "0.25", "0,25", "−.5", "3.", "1e3", "2E-3", "-1.5e2"]
READABLE += ["1/4", "−1/4", "1 / 4", "3/16", "1/-2", "22/7", "0.5/2", "1e-3/2", "999999999", "1e12"]
UNREADABLE = ["", " ", "abc", "NaN", "Infinity", "1e999", "1e13", "0x10", "1/0", "1/2/3", "/2", "2/", "--1"]
UNREADABLE += ["<img src=x onerror=alert(1)>", "7;8", "1 2", "e5", ".", "1,2,3", "½", "2π", "1_000", "−"]


def ask(answer, **more):
    return question("How much?", answer, solution="So much.", **more)


def written(rows):
    """Write a grid as a reader would: exact fractions, and a real minus sign."""
    return [[str(Fraction(v).limit_denominator(10_000)).replace("-", "−") for v in row] for row in rows]


def readable():
    for text in READABLE:
        clean = text.replace("−", "-").replace("–", "-").replace(",", ".").replace(" ", "")
        top, *bottom = clean.split("/")
        mantissa, _, power = clean.lower().partition("e")
        decimals = len(mantissa.partition(".")[2]) - int(power or 0) if not bottom else None
        yield text, float(top) / float((bottom or ["1"])[0]), decimals


def made(kind, answer, values, bad=None, says="", **more):
    values = np.atleast_2d(values)
    return dict(question=ask(answer, **more), texts=written(values), kind=kind, bad=bad, says=says)


def of_one_grid(rng, rows, columns):
    """Answer one random grid rightly, and wrongly in every way that has a name."""
    a = rng.permutation(np.arange(1, 37))[: rows * columns].reshape(rows, columns) * rng.choice([-1, 1])
    yield made("right", a, a)
    yield made("right", a / 3, a / 3)
    yield made("known", a, a + 1, says="one too many", wrong={"That is one too many.": a + 1})
    yield made("known", a, a[::-1, ::-1], says="of the author", wrong={"Words of the author.": a[::-1, ::-1]})
    yield made("transposed", a, a.T, size_asked=True)
    yield made("turned", a, a[::-1, ::-1]) if rows > 1 else made("turned", a[0], a[0, ::-1], says="reverse")
    yield made("sign", a, -a)
    for factor, says in ((4, "4 = 2²"), (3, "by 3 "), (1 / 9, "9 = 3²"), (-2, "is turned"), (0.75, "0.75")):
        yield made("factor", a, a * factor, says=says)
    yield made("factor", a, a * 0, says="Everything is 0")
    i, j = int(rng.integers(rows)), int(rng.integers(columns))
    spoiled = a.copy()
    spoiled[i, j] += 100
    yield made("some", a, spoiled, bad=[[i, j]], says=f"1 of {a.size} entries is")
    rough = [[f"{v / 7:.2f}" for v in row] for row in a]
    yield dict(question=ask(a / 7), texts=rough, kind="rounding", says="fraction")
    yield dict(question=ask(a / 7, digits=2), texts=rough, kind="right")
    yield dict(question=ask(a / 7, digits=4), texts=rough, kind="rounding", says="4 decimals")
    yield made("size", a, np.ones((rows + 1, columns)), says="not", size_asked=True)
    yield made("unknown", a, a + 50 + rng.permutation(a.size).reshape(a.shape) ** 2, says="No entry")


def of_numbers():
    yield made("right", 0.25, 1 / 4)
    yield made("known", 0.25, 0.5, says="1/s", wrong={"That is 1/s, not 1/s².": 0.5})
    yield made("sign", 5, -5)
    yield made("factor", 0.25, 1, says="4 = 2²")
    yield made("unknown", 608, 0)
    yield made("unknown", 608, 600)
    yield made("unknown", 0, 3)
    yield made("unknown", 2, 26)
    yield dict(question=ask(1 / 3), texts=[["0.33"]], kind="rounding")
    yield dict(question=ask(1 / 3), texts=[["1/3"]], kind="right")
    yield dict(question=ask(0.4), texts=[["0"]], kind="unknown")
    yield made("some", [1, 0, 2], [1, 5, 2], bad=[[0, 1]])
    yield made("some", [0, 4, 0], [0, 5, 0], bad=[[0, 1]])


def nine():
    """Ask for a map of what each wrong kernel spoils, each mistake of its kind among the wrong answers."""
    for name, mistake in MISTAKES.items():
        found = case(name)
        place = 1 if mistake.wrong == "dw" else 0
        right, wrong = (f(found.dy, *found.arguments)[place] for f in (found.backward, found.wrong))
        at = tuple(np.argwhere(right != wrong)[0][:2])
        kin = {m.says: k for k, m in MISTAKES.items() if m.kind == mistake.kind and m.wrong == mistake.wrong}
        others = {s: case(k).wrong(found.dy, *found.arguments)[place][at] for s, k in kin.items()}
        others = {s: v for s, v in others.items() if (v != right[at]).any()}
        asked = ask(right[at], wrong=others)
        yield dict(name=name, says=mistake.says, question=asked, texts=written(wrong[at]))


def test_the_judge_of_the_page_names_every_kind_of_mistake(tmp_path):
    rng = np.random.default_rng(5)
    shapes = [(rows, columns) for rows in range(1, 7) for columns in range(2, 7)]
    judged = [*of_numbers(), *(one for shape in shapes for one in of_one_grid(rng, *shape))]
    cases = dict(readable=list(readable()), unreadable=UNREADABLE, judged=judged, nine=list(nine()))
    run_tests("quiz", cases, tmp_path)


def test_a_question_keeps_numbers_exactly():
    made = question("?", np.float32(0.5), solution="s", given={"δ": [1, -2]}, wrong={"w": Fraction(1, 4)})
    assert (made["answer"], made["shape"], made["wrong"][0]["values"]) == ([[0.5]], "number", [[0.25]])
    assert made["given"] == [{"name": "δ", "values": [[1, -2]]}]
    assert question("?", [3, 4], solution="s")["shape"] == "row" and ask(GRID)["answer"] == GRID.tolist()
    json.dumps(made)


BAD = [
    (dict(answer=np.zeros((7, 1))), ValueError, "answer must be .* at most 6 × 6"),
    (dict(answer=[]), ValueError, "answer"),
    (dict(answer=np.zeros((1, 1, 2))), ValueError, "answer"),
    (dict(answer=float("nan")), ValueError, "answer must hold finite"),
    (dict(answer=[1, np.inf]), ValueError, "finite"),
    (dict(answer="7"), TypeError, "answer must hold real numbers, got '7'"),
    (dict(answer=True), TypeError, "real numbers"),
    (dict(answer=None), TypeError, "real numbers"),
    (dict(answer=1 + 2j), TypeError, "real numbers"),
    (dict(wrong={"the same": 1}), ValueError, "wrong must differ from the answer; “the same”"),
    (dict(wrong={"": 2}), TypeError, "wrong must be a sentence"),
    (dict(wrong={"nothing": np.nan}), ValueError, "wrong must hold finite"),
    (dict(given={"x": "y"}), TypeError, "given"),
    (dict(ask=""), TypeError, "ask must be a sentence"),
    (dict(solution=3), TypeError, "solution must be a sentence"),
    (dict(hints="one"), TypeError, "hints must be a list"),
    (dict(hints=["", "x"]), TypeError, r"hints\[0\]"),
    (dict(digits=0), ValueError, "digits"),
    (dict(digits=True), ValueError, "digits"),
    (dict(digits=2, wrong={"too near": 1.003}), ValueError, "wrong must differ"),
]


@pytest.mark.parametrize("change, error, says", BAD)
def test_a_bad_question_is_refused_with_a_sentence(change, error, says):
    with pytest.raises(error, match=says):
        question(**{"ask": "How much?", "answer": 1, "solution": "So.", **change})


@pytest.mark.parametrize(
    "questions, says",
    [([], "1 to 6"), ([ask(1)] * 7, "7 came"), (["how"], r"questions\[0\] must be a dictionary")]
    + [([{"ask": "how", "answer": 1}], "solution"), ([ask(1), {**ask(1), "answer": "x"}], r"questions\[1\]")]
    + [([{**ask(1), "wrong": [{"says": "same", "values": 1}]}], "must differ")],
)  # fmt: skip
def test_a_bad_sheet_is_refused(questions, says):
    with pytest.raises(traitlets.TraitError, match=says):
        Quiz(questions)


def test_a_known_mistake_may_have_another_shape_than_the_answer():
    asked = question("How much?", 1, solution="So.", wrong={"transposed": [[1], [1]]})
    assert asked["wrong"][0]["values"] == [[1], [1]]


STATE_FAULTS = [("typed", [["1"]]), ("typed", []), ("checked", [[[1]]]), ("sizes", [[7, 1]]), ("tries", [-1])]
STATE_FAULTS += [("hints", [True]), ("opened", [1]), ("tries", [0, 0])]


@pytest.mark.parametrize("name, value", STATE_FAULTS)
def test_a_bad_state_is_refused_and_changes_nothing(name, value):
    sheet = Quiz([ask(1)])
    before = getattr(sheet, name)
    with pytest.raises(traitlets.TraitError, match=f"{name} must hold"):
        setattr(sheet, name, value)
    assert getattr(sheet, name) == before


def test_the_sheet_starts_empty_and_new_questions_start_it_afresh():
    sheet = Quiz([ask(GRID), ask(GRID, size_asked=True)])
    assert sheet.typed == [[[""] * 3] * 2, []] and sheet.sizes == [[0, 0]] * 2
    assert sheet.initial["typed"] == sheet.typed
    sheet.typed, sheet.tries = [written(GRID), []], [1, 0]
    sheet.questions = [ask(5)]
    assert (sheet.typed, sheet.tries, sheet.checked) == ([[[""]]], [0], [None])
    assert sheet.initial["typed"] == [[[""]]]


def test_plain_dictionaries_are_welcome():
    plain = {"ask": "How?", "answer": [[1, 2]], "solution": "So."}
    sheet = Quiz([{**plain, "wrong": [{"values": [[2, 1]], "says": "No."}]}])
    assert sheet.questions[0]["wrong"] == [{"says": "No.", "values": [[2, 1]]}]


def test_the_static_page_asks_first_and_answers_in_small_print():
    asked = question("Is 1 < 2?", GRID, solution="<b>yes</b>", given={"K": [[8, -9]]})
    html = Quiz([asked]).static_html()
    assert "Is 1 &lt; 2?" in html and "&lt;b&gt;" in html and "<td>−9</td>" in html
    assert html.index("Is 1") < html.index("Solutions") < html.index("<td>6</td>")
    assert "<td>6</td>" in html.split("<small>")[-1]


def test_the_joined_source_stays_small():
    assert len(str(Quiz([ask(1)])._esm).encode()) < 40_000
