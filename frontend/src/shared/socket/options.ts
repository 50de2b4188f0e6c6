import type { Frame, Since } from "@/shared/protocol/frames";

import type { SocketEnv } from "./env";
import type { SocketState } from "./states";

export type SocketOptions = {
  /** Asked for each connection: where nobody signs in, the address says where to resume. */
  url: string | (() => string);
  /**
   * A valid access token; `refused` is the one the server just turned down, if it did. Null for an
   * address that is open to anyone: there the welcome is all that there is to wait for.
   */
  token: ((refused: string | null) => Promise<string>) | null;
  /** From where to resume, or null for a whole snapshot. */
  since: () => Since | null;
  onFrame: (frame: Frame) => void;
  onState: (state: SocketState, before: SocketState) => void;
  env?: SocketEnv;
};
