/** Stands where a secret stood. */
export const redacted = '[redacted]';

/** Longest text that a log line shows; the rest is cut. */
const maxShown = 16 * 1024;
/** Masked before the cut, so that a cut never uncovers the first half of a secret that a pattern needs whole. */
const maxScanned = 4 * maxShown;

const credentialWord = '(?:password|passwd|passphrase|secret|token|authorization|cookie|api[_-]?key|private[_-]?key)s?';

/** Every quantifier before a fixed part is bounded: hostile text must not make the scan quadratic. */
const patterns: readonly (readonly [RegExp, string])[] = [
  [/gth_[A-Za-z0-9_.-]+/g, `gth_${redacted}`],
  [/\b(Bearer|Basic)\s{1,20}[^\s"',;]+/gi, `$1 ${redacted}`],
  // JSON Web Tokens without our prefix, Argon2 hashes, sealed secrets (they appear in texts of database errors).
  [/\beyJ[\w-]{8,500}\.[\w-]+(?:\.[\w-]+)?/g, redacted],
  [/\$argon2[a-z]{1,2}\$[^\s'"]+/g, redacted],
  [/\bv1\.[0-9a-f]{16}\.[\w-]+\.[\w-]+/g, redacted],
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#"'<>]*@/gi, `$1${redacted}@`],
  [/\b(gatehouse_session=)[^\s;,"']+/g, `$1${redacted}`],
  [/-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^]*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)/g, redacted],
  [new RegExp(`(${credentialWord}\\\\{0,4}"\\s{0,8}:\\s{0,8}\\\\{0,4}")(?:\\\\.|[^"\\\\])*`, 'gi'), `$1${redacted}`],
  [new RegExp(`(${credentialWord}=)[^\\s&;,"']+`, 'gi'), `$1${redacted}`],
];

/**
 * The text with everything masked that looks like a credential: `gth_…` tokens, `Bearer …`, JWTs, `user:password@` in
 * URLs, `password=…`, `"password":"…"`, private keys. Longer than 16 KiB is cut.
 */
export function maskText(text: string): string {
  let masked = text.length > maxScanned ? text.slice(0, maxScanned) : text;
  for (const [pattern, replacement] of patterns) masked = masked.replace(pattern, replacement);
  const cut = text.length > maxScanned || masked.length > maxShown;
  return cut ? `${masked.slice(0, maxShown)}… [cut, ${text.length} characters]` : masked;
}
