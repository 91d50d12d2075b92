/**
 * Tokens of a server without a data folder: gone with it.
 *
 * @module
 */
import type { KeptToken, TokenStore } from "./tokens.ts";

export function noTokens(): TokenStore {
  const tokens = new Map<string, KeptToken>();
  return {
    list: async () => [...tokens.values()],
    find: async (id) => tokens.get(id),
    put: async (token, isGood) => {
      if (isGood?.([...tokens.values()]) === false) return false;
      tokens.set(token.id, token);
      return true;
    },
    touch: (id, lastUsedAt) => {
      const token = tokens.get(id);
      if (token !== undefined) tokens.set(id, { ...token, lastUsedAt });
    },
    close: async () => {},
  };
}
