/** Files that come by hand: dropped, or pasted. */

/** @param {HTMLElement} zone @param {(files: File[]) => void} onFiles @param {() => boolean} isTaken else nothing happens, but the page stays */
export function takeDrops(zone, onFiles, isTaken) {
  let depth = 0; // enter and leave come for each element inside, too
  const show = () => zone.classList.toggle("dropping", depth > 0 && isTaken());
  const on = (type, act) =>
    zone.addEventListener(type, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
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

/** While `element` is to be seen; what is pasted into a field is the field's. @param {(files: File[]) => void} onFiles */
export function takePastes(element, onFiles) {
  const take = (event) => {
    if (!element.isConnected) return document.removeEventListener("paste", take);
    const isForField = event.target instanceof Element && event.target.closest("input, textarea");
    const { files } = event.clipboardData;
    if (isForField || files.length === 0 || !element.checkVisibility() || document.querySelector("dialog[open]")) return undefined;
    return onFiles([...files].map(named));
  };
  document.addEventListener("paste", take);
}

/** Every picture on the clipboard is called the same. */
function named(file) {
  const [stem, ending] = file.name.split(".");
  if (stem !== "image") return file;
  const now = new Date();
  const at = new Date(now - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 19).replace("T", " ").replaceAll(":", ".");
  return new File([file], `Pasted ${at}.${ending}`, { type: file.type, lastModified: file.lastModified });
}
