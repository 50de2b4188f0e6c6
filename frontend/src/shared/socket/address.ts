/** Where a socket of this server is: `path` is what follows `/ws/`. */
export const addressOf = (path: string): string =>
  `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/${path}`;
