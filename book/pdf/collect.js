/* collect.js: turn a built page, as it stands in the browser, into a part of the printed book.
 *
 * book/pdf/print_book.py runs it in each page. It answers { html, sheets, headings }: the article without what only a
 * screen can use, its answers gathered at the end, with ids that no other page has; and every style sheet it wears,
 * each as { href } or { text }, in order.
 */
({ name, pages, title }) => {
  const own = (page, fragment) => [page.replace(/.*\//, ""), fragment].filter(Boolean).join("--");
  const live = document.querySelector(".bd-article");
  const article = live.cloneNode(true);
  const all = (selector) => [...article.querySelectorAll(selector)];
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const say = (element, words) => {
    element.setAttribute("role", "img");
    element.setAttribute("aria-label", words.replace(/\s+/g, " ").trim());
  };

  function keepFields() { // a clone forgets what was typed and chosen
    const fields = [...live.querySelectorAll("input, select")];
    all("input, select").forEach((to, i) => {
      if (to.tagName === "INPUT") to.setAttribute("value", fields[i].value);
      to.toggleAttribute("checked", Boolean(fields[i].checked));
      [...(to.options ?? [])].forEach((option, k) => option.toggleAttribute("selected", k === fields[i].selectedIndex));
    });
  }

  /** Code that is folded away on the screen: the sheets' own is left out, checks of answers are shown. */
  function unfold() {
    for (const fold of all("details.hide")) {
      const sheet = fold.textContent.includes("question(") || fold.closest(".tag_hide-input");
      if (sheet) fold.remove();
      else fold.replaceWith(...[...fold.children].filter((child) => child.tagName !== "SUMMARY"));
    }
  }

  /** Move solutions, the cells that check them, and the sheet's answers to the chapter's end. */
  function gatherAnswers() {
    const first = article.querySelector(".exercise");
    const later = (cell) => first && first.compareDocumentPosition(cell) & Node.DOCUMENT_POSITION_FOLLOWING;
    const answers = all(".admonition.solution, .tag_hide-cell, .quiz-paper").filter((el) => !el.matches(".tag_hide-cell") || later(el));
    if (!answers.length) return;
    const section = make("section", { id: "answers", className: "answers" }, make("h2", {}, "Answers"));
    for (const answer of answers) {
      const question = answer.querySelector(".admonition-title a")?.getAttribute("href");
      if (question) {
        const link = make("a", { className: "to-page" }, "Answer on page ", make("span", { className: "page" }));
        link.setAttribute("href", `#${answer.id}`);
        article.querySelector(`[id="${question.slice(1)}"]`)?.append(make("p", { className: "to-answer" }, link));
      }
      const sheet = answer.matches(".quiz-paper");
      section.append(...(sheet ? [make("h3", {}, "Check yourself"), make("div", { className: "cnn-widget quiz" }, answer)] : [answer]));
    }
    article.querySelector("section").append(section);
  }

  /** Let formulas and widgets be one picture each for readers who listen. */
  function describe() {
    for (const formula of all(".katex")) {
      say(formula, formula.querySelector("annotation")?.textContent ?? "formula");
      formula.querySelector(".katex-mathml")?.remove();
      formula.querySelector(".katex-html")?.removeAttribute("aria-hidden"); // a picture of nothing would have no tag
    }
    for (const widget of all(".cnn-widget:not(.quiz)")) {
      const panels = [...widget.querySelectorAll(".panel")].map((panel) => {
        const rows = [...panel.querySelectorAll(".cnn-row")].map((row) => [...row.querySelectorAll(".value")]
          .map((value) => value.getAttribute("value") ?? value.textContent).join(" "));
        return `${panel.querySelector(".title")?.textContent ?? ""}: ${rows.join("; ")}.`;
      });
      const words = [".sum", ".says"].map((part) => widget.querySelector(part)?.textContent ?? "");
      say(widget, ["Widget.", ...panels, ...words].join(" "));
    }
  }

  function renameIds() {
    const references = ["for", "headers", "aria-labelledby", "aria-describedby", "aria-controls"];
    for (const element of [article, ...all("*")]) {
      if (element.id) element.id = own(name, element.id);
      for (const { name: attribute, value } of [...element.attributes]) {
        if (references.includes(attribute)) element.setAttribute(attribute, value.split(/\s+/).map((id) => own(name, id)).join(" "));
        if (value.includes("url(#")) element.setAttribute(attribute, value.replace(/url\(#([^)]+)\)/g, (_, id) => `url(#${own(name, id)})`));
        if (/^(xlink:)?href$/.test(attribute)) redirect(element, attribute, value);
      }
    }
    article.id = own(name);
  }

  function redirect(element, attribute, value) {
    const url = new URL(value, document.baseURI);
    const page = pages.find((each) => url.pathname.endsWith(`/${each}.html`) && url.origin === location.origin && url.protocol === location.protocol);
    if (value.startsWith("#")) element.setAttribute(attribute, `#${own(name, decodeURIComponent(value.slice(1)))}`);
    else if (page) element.setAttribute(attribute, `#${own(page, decodeURIComponent(url.hash.slice(1)))}`);
    else if (url.origin === location.origin && url.protocol === location.protocol) element.removeAttribute(attribute); // not in the printed book
    else element.setAttribute(attribute, url.href);
  }

  keepFields();
  for (const element of all("script, noscript, button, .headerlink, .equation-filter")) element.remove();
  for (const element of all("[hidden]:not(.quiz-answer)")) element.matches(".equation") ? element.removeAttribute("hidden") : element.remove();
  unfold();
  gatherAnswers();
  describe();
  renameIds();
  const heading = article.querySelector("h1");
  if (title) heading.textContent = title;
  const headings = all("h1, h2, h3, h4, h5, h6").map((each) => ({
    level: Number(each.tagName[1]), title: each.textContent.trim(), id: each.closest("section[id]").id,
  }));
  const sheets = [...document.styleSheets].map(({ href, ownerNode }) => (href ? { href } : { text: ownerNode.textContent }));
  return { html: article.outerHTML, sheets, headings };
}
