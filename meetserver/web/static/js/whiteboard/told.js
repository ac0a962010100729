/** Tells the room which tool, colour, width and page this page has in hand; and takes them up again after a reload. */

const WAIT_MS = 250;

/** @param {{easel: any, session: any, store: any, bag: any}} parts */
export function tellTool({ easel, session, store, bag }) {
  let told = "";
  let timer;
  const tell = () => {
    const { tool, color, width, page } = easel;
    const now = JSON.stringify({ tool, color, width, page });
    if (now === told || session.status.state !== "online") return;
    told = now;
    session.ask("presence.set", { board: { tool, color, width, page } }).catch(() => (told = ""));
  };
  const tellSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(tell, WAIT_MS);
  };
  for (const topic of ["change", "page"]) bag.add(easel.on(topic, tellSoon));
  bag.add(session.on("status", ({ state }) => state === "online" && ((told = ""), tellSoon())));
  bag.add(() => clearTimeout(timer));
  let isTaken = false;
  bag.add(
    store.on("board", ({ isReset }) => {
      const { board } = store.me ?? {};
      if (!isReset || isTaken) return;
      isTaken = true;
      if (!board) return;
      const { tool, color, width, page } = board;
      easel.choose({ ...(tool && { tool }), ...(color && { color }), ...(width && { width }) });
      if (page) easel.show(page);
    }),
  );
}
