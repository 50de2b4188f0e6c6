import { expect, test } from "vitest";

import { priceLabel } from "./priceLabel";

test.each([
  [1234.5, 2, "1,234.50"],
  [0, 4, "0.0000"],
  [-0.01, 2, ""],
])("the scale says of %d with %d decimals: %s", (price, decimals, label) => {
  expect(priceLabel(price, decimals)).toBe(label);
});
