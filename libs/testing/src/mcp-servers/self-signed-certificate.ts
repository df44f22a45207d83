/** A throw-away certificate that nobody trusts, for the fixture whose TLS handshake must fail. Protects nothing. */
export const selfSignedCertificate = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBjDCCATGgAwIBAgIUZSFInUtm+aT3Q9hzjjV3cFZ0ufgwCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPZml4dHVyZS5pbnZhbGlkMCAXDTI2MTEyMzAyMTEwOFoYDzIx
MjYxMDMwMDIxMTA4WjAaMRgwFgYDVQQDDA9maXh0dXJlLmludmFsaWQwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAAQ3OfOtH4+Gwo4yUAyIxbe8stcXTOE4oYKjWgTD
W4DAqGvTdOdRzwfjYzqdI6PBXmsfN62pRDgPoZJqwq6e+Svbo1MwUTAdBgNVHQ4E
FgQUU8fhD6qznw6+9vTdDYCsqZPY53EwHwYDVR0jBBgwFoAUU8fhD6qznw6+9vTd
DYCsqZPY53EwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEA9D6L
FHx63gP14fb3FZenwTa1v2wIWj8WeN7cS5tiCMYCIQDXdcbxnjzcLYflMvWwbQzz
LdiCOPaOa/ZCcsnRfc42Fw==
-----END CERTIFICATE-----`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyuXpcOrbMQCCeBUn
EQukKkwYv6jg2RXR5XsLMazjseyhRANCAAQ3OfOtH4+Gwo4yUAyIxbe8stcXTOE4
oYKjWgTDW4DAqGvTdOdRzwfjYzqdI6PBXmsfN62pRDgPoZJqwq6e+Svb
-----END PRIVATE KEY-----`,
};
