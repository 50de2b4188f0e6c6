import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import { defineConfig, globalIgnores } from "eslint/config";
import ts from "typescript-eslint";

/** Imports run one way: app → features → shared; a feature never reaches into another. */
const features = ["account", "chart", "search", "watchlist"];

const forbid = (...patterns) => ({
  "no-restricted-imports": ["error", { patterns }],
});

const sharedStaysBelow = {
  files: ["src/shared/**"],
  rules: forbid({
    group: ["@/features/*", "@/app/*", "**/features/**", "**/app/**"],
    message: "shared is the ground floor: it imports neither features nor the app.",
  }),
};

const featuresStayApart = features.map((feature) => ({
  files: [`src/features/${feature}/**`],
  rules: forbid(
    { group: ["@/app/*", "**/app/**"], message: "A feature does not know the app around it." },
    {
      group: features
        .filter((other) => other !== feature)
        .flatMap((other) => [`@/features/${other}/*`, `../${other}/*`]),
      message: "Features stay apart: let the app pass what one needs of another.",
    },
    { group: ["../../*"], message: "Leave a room by its alias (@/…), so that the rules see it." },
  ),
}));

export default defineConfig(
  globalIgnores(["dist", "src/shared/api/schema.d.ts"]),
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  ts.configs.stylisticTypeChecked,
  reactHooks.configs.flat.recommended,
  { languageOptions: { parserOptions: { projectService: true } } },
  {
    rules: {
      // Numbers in template strings are what template strings are for.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // `onClick={() => store.close()}` reads better than a block around it.
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/consistent-type-definitions": "off",
    },
  },
  sharedStaysBelow,
  ...featuresStayApart,
  { files: ["**/*.js"], extends: [ts.configs.disableTypeChecked] },
  {
    files: ["**/*.test.{ts,tsx}"],
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
      // expect.any() and its kin are typed any.
      "@typescript-eslint/no-unsafe-assignment": "off",
    },
  },
);
