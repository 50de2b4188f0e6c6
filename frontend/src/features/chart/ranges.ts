/** How much of the newest prices is in sight, in minutes. */
export const RANGES = [
  { name: "5 min", value: 5 },
  { name: "15 min", value: 15 },
  { name: "1 hour", value: 60 },
  { name: "All", value: Infinity },
] as const;
