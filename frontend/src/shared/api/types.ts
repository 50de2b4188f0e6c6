/**
 * The REST shapes that the screen reads, named after the calls they come from. The schema is the
 * backend's own: `npm run schema` writes schema.d.ts from schema.json.
 */
import type { paths } from "./schema";

type Answer<Operation, Status extends number = 200> = Operation extends {
  responses: Record<Status, { content: { "application/json": infer Body } }>;
}
  ? Body
  : never;

export type SignedIn = Answer<paths["/api/v1/auth/login"]["post"]>;
export type Renewed = Answer<paths["/api/v1/auth/refresh"]["post"]>;
export type User = Answer<paths["/api/v1/auth/me"]["get"]>;
export type Security = Answer<paths["/api/v1/securities"]["get"]>[number];
export type WatchlistItem = Answer<paths["/api/v1/watchlist"]["get"]>[number];
export type Market = Answer<paths["/api/v1/market"]["get"]>;
export type AnomalyPage = Answer<paths["/api/v1/anomalies"]["get"]>;
type History = paths["/api/v1/securities/{ticker}/history"]["get"];
type TickOrCandle = Answer<History>[number];
export type PricePoint = Extract<TickOrCandle, { price: string }>;
export type Candle = Extract<TickOrCandle, { open: string }>;
export type HistoryInterval = NonNullable<NonNullable<History["parameters"]["query"]>["interval"]>;
