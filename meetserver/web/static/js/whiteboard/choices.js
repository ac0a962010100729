/** What there is to draw with. */
export const COLORS = [
  ["#1c2033", "Black"],
  ["#d6336c", "Pink"],
  ["#e8590c", "Orange"],
  ["#2b8a3e", "Green"],
  ["#1c7ed6", "Blue"],
  ["#7048e8", "Violet"],
];
export const WIDTHS = [
  [4, "Thin"],
  [9, "Medium"],
  [20, "Thick"],
];
/** Paper of sticky notes, and fills, by the colour in hand. */
export const PAPERS = { "#1c2033": "#ffe066", "#d6336c": "#fcc2d7", "#e8590c": "#ffd8a8", "#2b8a3e": "#b2f2bb", "#1c7ed6": "#a5d8ff", "#7048e8": "#d0bfff" };
export const fillOf = (color) => (color === COLORS[0][0] ? "#dee2e6" : (PAPERS[color] ?? "#dee2e6"));

export const BACKGROUNDS = { "": "Plain", lines: "Lines", grid: "Squares", dots: "Dots", "#fff9db": "Cream", "#e7f5ff": "Light blue", "#212529": "Black" };

export const NAMES = { stroke: "Stroke", highlighter: "Highlighter", line: "Line", arrow: "Arrow", rectangle: "Rectangle", ellipse: "Ellipse", diamond: "Diamond", text: "Text", note: "Sticky note", image: "Image" };
