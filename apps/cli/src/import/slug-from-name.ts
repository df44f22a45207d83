import { isSlug } from '#kernel';

const longest = 32;

/** A slug that reads like the name, or null for a name without a single letter or digit. */
export function slugFromName(name: string): string | null {
  const slug = name
    .normalize('NFKD')
    .replaceAll(/\p{Mark}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, longest)
    .replaceAll(/^-+|-+$/g, '');
  return isSlug(slug) ? slug : null;
}
