export type Range = { label: string; name: string; minutes: number };

export const RANGES = [
  { label: "5 m", name: "5 minutes", minutes: 5 },
  { label: "15 m", name: "15 minutes", minutes: 15 },
  { label: "1 h", name: "1 hour", minutes: 60 },
  { label: "All", name: "All", minutes: Infinity },
] as const satisfies readonly Range[];
