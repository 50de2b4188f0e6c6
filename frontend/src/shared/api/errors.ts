/** Every refusal of the server, and the case that there was no server to refuse. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields: Readonly<Record<string, string[]>> = {},
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** Whether the same request may succeed later: what the server holds against it does not pass. */
  get isPassing(): boolean {
    return this.status < 400 || this.status === 429 || this.status >= 500;
  }
}

export const unreachable = (): ApiError =>
  new ApiError(0, "unreachable", "The server cannot be reached. Check your connection.");

export async function errorFrom(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const problem = isRecord(body) ? body : {};
  return new ApiError(
    response.status,
    typeof problem.code === "string" ? problem.code : "unknown",
    typeof problem.message === "string" ? problem.message : `The server answered ${response.status}.`,
    readFields(problem.fields),
    Number(response.headers.get("Retry-After")) || null,
  );
}

function readFields(fields: unknown): Record<string, string[]> {
  if (!isRecord(fields)) return {};
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      (Array.isArray(value) ? value : [value]).map(String),
    ]),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What to tell a person about whatever was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) {
    const detail = Object.values(error.fields).flat()[0];
    return detail ?? error.message;
  }
  return "Something went wrong. Please try again.";
}

export const isAbort = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "name" in error && error.name === "AbortError";
