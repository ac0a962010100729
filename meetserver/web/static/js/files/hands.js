/** Files that come by hand: dropped, or pasted. */

/** @param {HTMLElement} zone @param {(files: File[]) => void} onFiles @param {() => boolean} isTaken else nothing happens, but the page stays */
export function takeDrops(zone, onFiles, isTaken) {
  let depth = 0; // enter and leave come for each element inside, too
  const show = () => zone.classList.toggle("dropping", depth > 0 && isTaken());
  const on = (type, act) =>
    zone.addEventListener(type, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      event.stopPropagation(); // a zone inside another one has it alone
      act(event);
      show();
    });
  on("dragenter", () => depth++);
  on("dragleave", () => depth--);
  on("dragover", (event) => (event.dataTransfer.dropEffect = isTaken() ? "copy" : "none"));
  on("drop", (event) => {
    depth = 0;
    if (isTaken()) onFiles([...event.dataTransfer.files]);
  });
}

/** While `element` is to be seen: the one with the focus first. What is pasted into a field is the field's. @param {(files: File[]) => void} onFiles */
export function takePastes(element, onFiles) {
  const take = (event) => {
    if (!element.isConnected) return document.removeEventListener("paste", take);
    if (event.defaultPrevented) return undefined;
    const isForField = event.target instanceof Element && event.target.closest("input, textarea");
    const { files } = event.clipboardData;
    if (isForField || files.length === 0 || !element.checkVisibility() || document.querySelector("dialog[open]")) return undefined;
    event.preventDefault();
    return onFiles([...files].map(named));
  };
  for (const place of [element, document]) place.addEventListener("paste", take);
}

/** Files that are pasted into a field of text; text with a picture of it is text. @param {HTMLElement} field @param {(files: File[]) => void} onFiles @param {() => boolean} isTaken */
export function takePastesInto(field, onFiles, isTaken) {
  field.addEventListener("paste", (event) => {
    const { files, types } = event.clipboardData;
    if (files.length === 0 || types.includes("text/plain") || !isTaken()) return;
    event.preventDefault();
    onFiles([...files].map(named));
  });
}

/** Every picture on the clipboard is called the same. */
function named(file) {
  const [stem, ending] = file.name.split(".");
  if (stem !== "image") return file;
  const now = new Date();
  const at = new Date(now - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 19).replace("T", " ").replaceAll(":", ".");
  return new File([file], `Pasted ${at}.${ending}`, { type: file.type, lastModified: file.lastModified });
}
