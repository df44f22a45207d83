export { issueApiToken, type ApiTokenGrant } from './issue-api-token.js';
export { looksLikeApiToken, parseBearer } from './parse-bearer.js';
export { checkPasswordPolicy, passwordLimits } from './password-policy.js';
export {
  verifyApiToken,
  type ApiTokenCheck,
  type ApiTokenExpectation,
  type ApiTokenRefusal,
} from './verify-api-token.js';
export { verifyUserPassword, type UserPasswordCheck } from './verify-user-password.js';
