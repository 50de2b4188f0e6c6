export const RANGES = [
  { name: "5 min", minutes: 5 },
  { name: "15 min", minutes: 15 },
  { name: "1 hour", minutes: 60 },
  { name: "All", minutes: Infinity },
] as const;
