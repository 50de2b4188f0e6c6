/** Readers of untrusted JSON: each gives a value of its type or throws BadFrame. */
import { isDecimal } from "@/shared/format/decimal";

export class BadFrame extends Error {}

export type Fields = Record<string, unknown>;

export function record(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BadFrame(`${what} is not an object`);
  }
  return value as Fields;
}

export function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw new BadFrame(`${name} is not a string`);
  return value;
}

export function integer(fields: Fields, name: string): number {
  const value = fields[name];
  if (!Number.isSafeInteger(value)) throw new BadFrame(`${name} is not an integer`);
  return value as number;
}

export function positive(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== "number" || !(value > 0)) throw new BadFrame(`${name} is not positive`);
  return value;
}

export function decimal(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string" || !isDecimal(value)) {
    throw new BadFrame(`${name} is not a decimal string`);
  }
  return value;
}

export function decimalOrNull(fields: Fields, name: string): string | null {
  return (fields[name] ?? null) === null ? null : decimal(fields, name);
}

export function integerOrNull(fields: Fields, name: string): number | null {
  return (fields[name] ?? null) === null ? null : integer(fields, name);
}

export function list<T>(fields: Fields, name: string, read: (item: unknown) => T): T[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw new BadFrame(`${name} is not a list`);
  return value.map(read);
}
