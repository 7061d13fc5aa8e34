// The judge of Quiz on answers that Python wrote, one for every kind of mistake and many sizes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { judge, readNumber, same } from "../../cnnlib/widgets/js/quiz_maths.mjs";

const { readable, unreadable, judged, nine } = JSON.parse(readFileSync(process.env.CNN_CASES, "utf8"));

test(`${readable.length} ways to write a number are read as Python reads them`, () => {
  assert.ok(readable.length > 20);
  for (const [text, value, decimals] of readable) {
    const found = readNumber(text);
    assert.ok(Math.abs(found.value - value) <= 1e-15 * Math.abs(value), text);
    assert.equal(found.decimals, decimals ?? Infinity, text);
  }
});

test("texts that are no numbers are refused in words, whole answers with them", () => {
  for (const text of unreadable) {
    assert.match(readNumber(text).why, /nothing|“.*”/s, text);
    const { kind, text: said, bad } = judge({ answer: [[1]], wrong: [] }, [[text]]);
    assert.equal(kind, "refused", text);
    assert.ok(said.length > 10 && said.endsWith("."));
    assert.deepEqual(bad, [[0, 0]]);
  }
  assert.equal(judge({ answer: [[1]], wrong: [] }, []).kind, "refused");
  assert.match(judge({ answer: [[1, 2, 3]], wrong: [] }, [["1", "", " "]]).text, /2 fields are still empty/);
});

test(`${judged.length} answers are judged as they were made`, () => {
  assert.ok(judged.length > 300);
  for (const { question, texts, kind, bad, says } of judged) {
    const found = judge(question, texts);
    const about = JSON.stringify([question.answer, texts, found]);
    assert.equal(found.kind, kind, about);
    if (bad) assert.deepEqual(found.bad, bad, about);
    if (says) assert.ok(found.text.includes(says), about);
    assert.ok(/[.?]$/.test(found.text) && !/undefined|NaN|Infinity/.test(found.text), about);
  }
});

test("what the nine wrong kernels give is named, by the author's words or by the general rules", () => {
  assert.equal(nine.length, 9);
  let general = 0;
  for (const { name, says, question, texts } of nine) {
    assert.equal(judge(question, texts).text, says, name);
    const bare = judge({ ...question, wrong: [] }, texts).kind;
    assert.ok(!["right", "refused"].includes(bare), name);
    general += bare !== "unknown";
  }
  assert.ok(general >= 5, String(general));
});

test("agreement is relative for large numbers, absolute near 0, and to the digits asked", () => {
  assert.ok(same([[1e6 + 1e-4]], [[1e6]]) && !same([[1e6 + 1]], [[1e6]]));
  assert.ok(same([[1e-10]], [[0]]) && !same([[1e-6]], [[0]]));
  assert.ok(same([[0.731]], [[0.7310586]], 3) && !same([[0.732]], [[0.7310586]], 3));
  assert.ok(!same([[1, 2]], [[1], [2]]) && !same([[1]], [[1], [2]]));
});
