// svg: elements of drawings, as draw.mjs makes elements of pages.

const space = "http://www.w3.org/2000/svg";   // the name of a vocabulary, never fetched

/** Make a drawing's element: vector("line", { x1: 0, y1: 0, x2: 9, y2: 9, class: "edge" }, "text", child). */
export function vector(tag, attributes = {}, ...children) {
  const element = document.createElementNS(space, tag);
  put(element, attributes);
  element.append(...children);
  return element;
}

/** Set attributes of a drawing's element. */
export function put(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
}
