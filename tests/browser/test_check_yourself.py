"""The sheets of questions of chapters 05 and 09 as built: every answer, right and wrong, and nonsense."""

import pytest
from test_widget_controls import CONTRAST

PAGES = ["/notebooks/05-convolution-backward.html", "/notebooks/09-softmax-output.html"]
NONSENSE = ["", "abc", "1e999", "NaN", "1/0", "<img src=x onerror=alert(1)>", "7;8", "--1"]
STATE = """() => JSON.parse([...document.querySelectorAll('script')]
  .find((s) => s.type === 'application/vnd.jupyter.widget-state+json').textContent).state"""


@pytest.fixture
def sheet(request, page_factory):
    """Return a function that opens a chapter: its sheet, the questions, the page, what it complained of."""

    def open_sheet(path, host="http", **options):
        page, seen = page_factory(**options)
        page.goto(request.getfixturevalue(f"book_{host}") + path)
        widget = page.locator(".cnn-widget.quiz")
        widget.scroll_into_view_if_needed()
        states = page.evaluate(STATE).values()
        [questions] = [m["state"]["questions"] for m in states if "questions" in m["state"]]
        return widget, questions, page, seen

    return open_sheet


def written(value):
    return repr(value).replace("-", "−", 1)


def fill(item, question, rows):
    """Choose the size where it is asked, and type a grid."""
    if question["size_asked"]:
        for k, count in enumerate((len(rows), len(rows[0]))):
            item.locator("select").nth(k).select_option(str(count))
    fields = item.locator("input.value")
    for k, value in enumerate(v for row in rows for v in row):
        fields.nth(k).fill(value if isinstance(value, str) else written(value))


def check(item):
    item.get_by_role("button", name="check the answer").click()
    return item.locator(".quiz-reply").inner_text()


@pytest.mark.parametrize("host, path", [("http", PAGES[0]), ("file", PAGES[1])])
def test_each_right_answer_is_right_and_each_wrong_one_is_named(sheet, host, path):
    widget, questions, _, seen = sheet(path, host)
    named = 0
    for k, question in enumerate(questions):
        item = widget.locator(".quiz-item").nth(k)
        for wrong in question["wrong"]:
            if question["size_asked"] or [len(r) for r in wrong["values"]] == [
                len(r) for r in question["answer"]
            ]:
                fill(item, question, wrong["values"])
                assert check(item).endswith(wrong["says"])
                named += 1
        fill(item, question, question["answer"])
        assert check(item).endswith("Right.")
    assert named >= len(questions) - 1
    assert widget.locator(".quiz-score").inner_text() == f"{len(questions)} of {len(questions)} right"
    widget.get_by_role("button", name="empty all answers").click()
    assert widget.locator(".quiz-score").inner_text().startswith("0 of")
    assert all(not field.input_value() for field in widget.locator("input.value").all())
    seen.assert_clean()


def test_nonsense_is_refused_in_words_and_never_becomes_markup(sheet):
    widget, questions, _, seen = sheet(PAGES[1])
    item = widget.locator(".quiz-item").nth(0)
    for text in NONSENSE:
        fill(item, questions[0], [["1", text]])
        said = check(item)
        assert "still empty" in said if not text else text[:12] in said, said
        assert item.locator(".quiz-bad").count() == 1
    assert widget.locator("img").count() == 0
    item.get_by_role("button", name="show the solution").click()
    assert "Try first" in item.locator(".quiz-reply").inner_text()
    assert not item.locator(".quiz-solution").is_visible()
    seen.assert_clean()


def test_hints_come_one_by_one_and_the_solution_after_a_try(sheet):
    widget, questions, _, seen = sheet(PAGES[0])
    item = widget.locator(".quiz-item").nth(0)
    hint = item.get_by_role("button", name="hint")
    for k, text in enumerate(questions[0]["hints"]):
        hint.click()
        assert item.locator(".quiz-hints li").nth(k).inner_text() == text
    fill(item, questions[0], [["1"]])
    assert check(item).startswith("✗")
    item.get_by_role("button", name="show the solution").click()
    assert questions[0]["solution"] in item.locator(".quiz-solution").inner_text()
    item.get_by_role("button", name="hide the solution").click()
    assert not item.locator(".quiz-solution").is_visible()
    seen.assert_clean()


def test_the_keyboard_is_enough(sheet):
    """Arrows walk over the fields, Enter checks, and a live region says what was found."""
    widget, questions, page, seen = sheet(PAGES[0])
    item = widget.locator(".quiz-item").nth(1)
    item.locator("input.value").first.focus()
    rows = questions[1]["answer"]
    for k, row in enumerate(rows):
        for value in row:
            page.keyboard.type(written(value))
            page.keyboard.press("ArrowRight")
        if k < len(rows) - 1:
            page.keyboard.press("ArrowDown")
            for _ in row[1:]:
                page.keyboard.press("Home")
                page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    reply = item.locator(".quiz-reply")
    assert reply.inner_text().endswith("Right.") and reply.get_attribute("aria-live") == "polite"
    seen.assert_clean()


def test_on_a_phone_nothing_sticks_out(sheet):
    widget, questions, page, seen = sheet(PAGES[0], width=360, height=740, has_touch=True, is_mobile=True)
    for k, question in enumerate(questions):
        fill(widget.locator(".quiz-item").nth(k), question, question["answer"])
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    heights = widget.evaluate(
        """(w) => [...w.querySelectorAll('button, select, input.value')]
          .map((e) => e.getBoundingClientRect().height)"""
    )
    assert min(heights) >= 42
    seen.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_is_readable(sheet, scheme):
    widget, questions, _, _ = sheet(PAGES[1], color_scheme=scheme)
    texts = [[["1", "x"]], questions[1]["answer"], [["7"]]]
    for k, rows in enumerate(texts):
        fill(widget.locator(".quiz-item").nth(k), questions[k], rows)
        check(widget.locator(".quiz-item").nth(k))
    widget.locator(".quiz-item").nth(1).get_by_role("button", name="show the solution").click()
    assert widget.evaluate(CONTRAST) == []


def test_without_javascript_the_questions_stand_there(book_file, page_factory):
    page, _ = page_factory(java_script_enabled=False)
    page.goto(book_file + PAGES[1])
    figure = page.locator("figure.cnn-static").last
    assert "What is y = softmax z?" in figure.inner_text() and "Solutions:" in figure.inner_text()
