/** Times as people read them, in the browser's language and zone. */

const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const dayOnly = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

export const moment = (text) => full.format(new Date(text));
export const day = (text) => dayOnly.format(new Date(text));

const timeOnly = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

/** As short as it can be: of today the time, else the day. */
export const shortest = (text) => (day(text) === day(Date.now()) ? timeOnly : dayOnly).format(new Date(text));
