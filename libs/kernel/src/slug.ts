import { isUuid } from './ids.js';

const slugPattern = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** True for a well-formed slug: `[a-z0-9]+(-[a-z0-9]+)*`, at most 32 characters, never a UUID. */
export const isSlug = (text: string): boolean => text.length <= 32 && slugPattern.test(text) && !isUuid(text);
