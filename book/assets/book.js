/* book.js: let the keyboard scroll a formula that is wider than the page.
 *
 * A scrolling box must be reachable with Tab; a formula that fits must not be, or readers would
 * tab through hundreds of them. Which is which changes with the width of the window.
 */
document.addEventListener("DOMContentLoaded", () => {
  const watcher = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const wide = target.scrollWidth > target.clientWidth + 1;
      target.toggleAttribute("tabindex", wide);
      if (wide) target.tabIndex = 0;
      target.role = wide ? "group" : null;
      target.ariaLabel = wide ? "Wide formula, scrolls sideways" : null;
    }
  });
  for (const formula of document.querySelectorAll("div.math > .katex-display")) watcher.observe(formula);
});
