const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

const stamp = new Intl.DateTimeFormat(undefined, {
  dateStyle: "medium",
  timeStyle: "medium",
  hourCycle: "h23",
});

/** HH:MM:SS in the reader's own time zone. */
export const formatClock = (ms: number): string => clock.format(ms);

export const formatStamp = (ms: number): string => stamp.format(ms);

type Zone = "UTC" | undefined;

/** Formats in the reader's own time zone, or in UTC. */
function dateFormat(options: Intl.DateTimeFormatOptions): (ms: number, zone?: Zone) => string {
  const own = new Intl.DateTimeFormat(undefined, options);
  const utc = new Intl.DateTimeFormat(undefined, { ...options, timeZone: "UTC" });
  return (ms, zone) => (zone === undefined ? own : utc).format(ms);
}

export const formatMinute = dateFormat({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const formatDay = dateFormat({ day: "numeric", month: "short" });
export const formatMonth = dateFormat({ month: "short" });
export const formatYear = dateFormat({ year: "numeric" });
export const formatDate = dateFormat({ dateStyle: "medium" });
