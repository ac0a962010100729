/** A small set of emoji, found by words. */
import { openDialog } from "../ui/dialog.js";
import { h } from "../ui/dom.js";

export const USUAL = ["👍", "❤️", "😂", "🎉", "😮", "🙏"];

const SET = `👍 thumbs up yes good agree like|👎 thumbs down no bad disagree|❤️ red heart love|😂 tears of joy laugh funny|🎉 party celebrate congratulations hooray|😮 surprised wow open mouth|🙏 thank you please hope folded hands
😀 grin happy smile|😄 laugh happy smile|😅 sweat relief nervous|😊 blush smile happy|😍 heart eyes love|😎 cool sunglasses|🤔 thinking hmm|🙂 slight smile|🙃 upside down|😉 wink|😴 sleep tired|😢 sad cry tear|😭 sob cry|😡 angry mad|😱 scream fear shock|🤯 mind blown|🥳 party face birthday|🤗 hug|🤝 handshake deal agree|🤷 shrug do not know|🙄 eye roll|😬 grimace awkward|😇 angel innocent|🤓 nerd glasses|😕 confused unsure|😞 disappointed sad|🥲 smile tear|🫡 salute yes sir
👏 clap applause bravo|🙌 raised hands hooray|👋 wave hello bye|✋ raised hand stop|👌 ok perfect|✌️ victory peace|🤞 fingers crossed luck|💪 strong muscle|👀 eyes look see|🫶 heart hands|👉 point right|👆 point up this
✅ check done yes|❌ cross no wrong|❓ question|❗ exclamation important|⚠️ warning careful|💡 idea light bulb|🔥 fire hot great|⭐ star favourite|✨ sparkles magic new|💯 hundred perfect|➕ plus one add|🚀 rocket launch ship|🎯 target goal|🏆 trophy win|🐛 bug|🔧 wrench fix tool|📌 pin|📎 clip attach|📅 calendar date|⏰ clock time late|⏳ hourglass wait|📈 chart up growth|📉 chart down|💰 money|🔒 lock secure|🎁 gift present|☕ coffee break tea|🍕 pizza lunch food|🎂 cake birthday|🍻 beer cheers|☀️ sun sunny|🌧️ rain|🌈 rainbow|🌱 seedling green grow|🐱 cat|🐶 dog|💔 broken heart|💙 blue heart|💚 green heart|💛 yellow heart|💜 purple heart`
  .split(/[|\n]/)
  .map((entry) => ({ emoji: entry.slice(0, entry.indexOf(" ")), words: entry.slice(entry.indexOf(" ") + 1) }));

/** @param {(emoji: string) => void} onChoose */
export function openEmoji(onChoose) {
  const grid = h("div", { class: "emoji-grid", role: "group", "aria-label": "Emoji" });
  const none = h("p", { class: "muted", role: "status" });
  const search = h("input", { type: "search", class: "input", placeholder: "Search, as “thanks” or “heart”", "aria-label": "Search emoji", autocomplete: "off" });
  const choose = (emoji) => (dialog.close(), onChoose(emoji));
  const update = () => {
    const sought = search.value.trim().toLowerCase().split(/\s+/);
    const found = SET.filter(({ emoji, words }) => sought.every((word) => words.includes(word) || emoji === word));
    grid.replaceChildren(...found.map(({ emoji, words }) => h("button", { type: "button", class: "emoji", "aria-label": words, title: words, on: { click: () => choose(emoji) } }, emoji)));
    none.textContent = found.length === 0 ? "None is called that." : "";
  };
  search.addEventListener("input", update);
  search.addEventListener("keydown", (event) => event.key === "Enter" && (event.preventDefault(), grid.firstElementChild?.click()));
  update();
  const dialog = openDialog({ title: "React", body: [search, grid, none] });
}
