const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

const stamp = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** HH:MM:SS in the reader's own time zone. */
export const formatClock = (ms: number): string => clock.format(ms);

export const formatStamp = (ms: number): string => stamp.format(ms);
