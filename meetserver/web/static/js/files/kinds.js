/** What a file is to the eye, and how this page can show it. */

const ARCHIVES = /^application\/(zip|gzip|x-(bzip2|xz|tar|7z-compressed)|zstd|vnd\.rar|java-archive)$/;
const TEXTS = /^text\/|^application\/(json|xml)$/;
const PAPERS = /^application\/(pdf|rtf|msword|epub|vnd\.(ms-|oasis|openxml))/;

/** @returns {"image"|"audio"|"video"|"text"|null} null: it can only be saved. What browsers draw the server has made anew. */
export function viewOf({ media_type: type, is_inline: isInline }) {
  const [family] = type.split("/");
  if (isInline && ["image", "audio", "video"].includes(family)) return family;
  return TEXTS.test(type) ? "text" : null;
}

/** The name of its icon. */
export function iconOf({ media_type: type }) {
  const [family] = type.split("/");
  if (["image", "audio", "video"].includes(family)) return family;
  if (ARCHIVES.test(type)) return "archive";
  return TEXTS.test(type) || PAPERS.test(type) ? "document" : "file";
}
