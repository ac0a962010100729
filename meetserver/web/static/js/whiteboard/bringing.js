/** Pictures that come onto the board: chosen, dropped or pasted; first as files of the meeting, then as elements. */
import { takeDrops, takePastes } from "../files/hands.js";
import { sendingEntry, whyNot } from "../files/sending.js";
import { MOST_FILES, Uploads } from "../files/uploads.js";
import { announce, h } from "../ui/dom.js";
import { follow } from "../ui/keyed.js";
import { toast } from "../ui/toast.js";
import { round } from "./fields.js";
import { imageOf } from "./pictures.js";

const TYPES = ["image/png", "image/jpeg", "image/gif", "image/webp"]; // what the server makes anew
const PART = 0.5; // of the page, at most
const ASIDE = 24;
const MAX_ALT = 80;

export class Bringing {
  /** What is on its way. */
  element = h("ul", { class: "files board-sending", "aria-label": "Pictures on their way", hidden: true });
  #easel;
  #canvas;
  #access;
  #pictures;
  #bringOthers;
  #uploads;
  #entries = new Map();
  /** @type {Map<File, {page: string, at: [number, number], image: HTMLImageElement}>} where each will stand */
  #plans = new Map();

  /** @param {{easel: any, canvas: any, access: import("../files/access.js").Access, pictures: any, bringOthers: (files: File[]) => void, bag: any}} parts */
  constructor({ easel, canvas, access, pictures, bringOthers, bag }) {
    this.#easel = easel;
    this.#canvas = canvas;
    this.#access = access;
    this.#pictures = pictures;
    this.#bringOthers = bringOthers;
    this.#uploads = new Uploads({ meeting: access.meeting, headers: access.headers });
    this.#uploads.on("change", () => this.#show());
    this.#uploads.on("brought", (upload) => this.#brought(upload));
    this.#uploads.on("failed", ({ file, error }) => announce(`${file.name} was not added. ${whyNot(error)}`));
    bag.add(() => this.#uploads.stop());
  }

  /** Files dropped or pasted here. @param {HTMLElement} zone */
  listen(zone) {
    let at = null;
    zone.addEventListener("drop", (event) => (at = this.#canvas.toDesk(event)));
    takeDrops(zone, (files) => void this.add(files, this.#canvas.view.toBoard(...at)), () => this.#access.mayBring());
    takePastes(zone, (files) => void this.add(files));
  }

  choose() {
    const input = h("input", { type: "file", multiple: true, accept: TYPES.join(), "aria-label": "Pictures for the board" });
    input.addEventListener("change", () => void this.add([...input.files]));
    input.click();
  }

  /** Others than pictures go where files go. @param {File[]} files @param {[number, number]} at the middle of the first one */
  async add(files, at = this.#middle()) {
    if (!this.#access.mayBring()) return;
    const pictures = this.#easel.refusal ? [] : files.filter(({ type }) => TYPES.includes(type));
    const others = files.filter((file) => !pictures.includes(file));
    if (others.length > 0) this.#bringOthers(others);
    const { page } = this.#easel;
    const planned = [];
    for (const [index, file] of pictures.entries()) {
      const image = await imageOf(file).catch(() => null);
      if (!image) toast(`${file.name} cannot be read as a picture.`, { kind: "bad" });
      else planned.push([file, { page, at: at.map((value) => value + ASIDE * index), image }]);
    }
    for (const [file, plan] of planned) this.#plans.set(file, plan);
    const tooMany = this.#uploads.add(planned.map(([file]) => file));
    if (tooMany > 0) toast(`At most ${MOST_FILES} files go at once. Add the other ${tooMany} afterwards.`, { kind: "bad" });
  }

  #middle() {
    const { width, height } = this.#canvas.view.size;
    return this.#canvas.view.toBoard(width / 2, height / 2);
  }

  #brought({ file, id }) {
    const { page, at, image } = this.#plans.get(file);
    this.#plans.delete(file);
    this.#pictures.put(id, image);
    const alt = file.name.replace(/\.[^.]*$/, "").slice(0, MAX_ALT);
    const element = this.#easel.add({ kind: "image", ...this.#placed(image, at), file: id, alt }, page);
    announce(`${file.name} is on the board`);
    if (page !== this.#easel.page) return;
    this.#easel.choose({ tool: "select" });
    this.#easel.select([element]);
  }

  /** As large as it is, if that leaves room for more; on the page. */
  #placed({ naturalWidth, naturalHeight }, [cx, cy]) {
    const { width, height } = this.#easel.sheet;
    const factor = Math.min(1, (PART * width) / naturalWidth, (PART * height) / naturalHeight);
    const [w, h] = [naturalWidth * factor, naturalHeight * factor];
    const within = (value, most) => round(Math.max(0, Math.min(most, value)));
    return { x: within(cx - w / 2, width - w), y: within(cy - h / 2, height - h), w: round(Math.max(1, w)), h: round(Math.max(1, h)) };
  }

  #show() {
    const wanted = [...this.#uploads.entries];
    follow(this.element, this.#entries, wanted, (upload) => {
      const [key] = wanted.find(([, one]) => one === upload);
      const remove = () => {
        this.#plans.delete(upload.file);
        this.#uploads.remove(key);
      };
      return sendingEntry(upload, { retry: () => this.#uploads.retry(upload), remove });
    });
    this.element.hidden = wanted.length === 0;
  }
}
