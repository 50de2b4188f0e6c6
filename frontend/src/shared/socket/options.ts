import type { Frame, Since } from "@/shared/protocol/frames";

import type { SocketEnv } from "./env";
import type { SocketState } from "./states";

export type SocketOptions = {
  url: string;
  /** A valid access token; `refused` is the one the server just turned down, if it did. */
  token: (refused: string | null) => Promise<string>;
  /** From where to resume, or null for a whole snapshot. */
  since: () => Since | null;
  onFrame: (frame: Frame) => void;
  onState: (state: SocketState) => void;
  env?: SocketEnv;
};
