/** The HTTP API of accounts: one function a call. */
import { call, exchange, segment, useCsrfToken } from "./api.js";

export const register = (email, password, name) => call("POST", "/auth/register", { body: { email, password, name } });
export const verify = (token) => call("POST", "/auth/verify", { body: { token } });
export const resendVerification = (email) => call("POST", "/auth/verify/resend", { body: { email } });
export const forgot = (email) => call("POST", "/auth/password/forgot", { body: { email } });
export const reset = (token, password) => call("POST", "/auth/password/reset", { body: { token, password } });
export const confirmEmail = (token) => call("POST", "/auth/email/confirm", { body: { token } });

// Signing in. All with a cookie that scripts cannot read; the answer is {user}, or a challenge for a second factor.
export const login = (email, password) => signedIn("/auth/login", { email, password });
/** @param {{token: string, totp?: string, recovery_code?: string, passkey?: any}} answer */
export const answerFactor = (answer) => signedIn("/auth/login/factor", answer);
export const passkeyOptions = () => call("POST", "/auth/passkey/options");
export const signInByPasskey = (token, passkey) => signedIn("/auth/passkey", { token, passkey });
export const providers = () => call("GET", "/auth/oidc");

async function signedIn(path, body) {
  const answer = await call("POST", path, { body: { ...body, cookie: true } });
  if (answer.csrf_token) useCsrfToken(answer.csrf_token);
  return answer;
}

/** Who the cookie says we are, or null. */
export async function whoAmI() {
  try {
    const answer = await call("GET", "/auth/csrf");
    useCsrfToken(answer?.csrf_token ?? null);
    return answer?.user ?? null;
  } catch (error) {
    if (error.status !== 401) throw error;
    useCsrfToken(null);
    return null;
  }
}

export async function logout() {
  await call("POST", "/auth/logout");
  useCsrfToken(null);
}

// That it is still you.
export const confirm = (proof) => call("POST", "/auth/confirm", { body: proof });
export const ownPasskeyOptions = () => call("POST", "/auth/confirm/passkey");

export const readMe = () => exchange("GET", "/users/me");
export const readUsage = () => call("GET", "/users/me/usage");
export const updateMe = (patch, etag) => exchange("PATCH", "/users/me", { body: patch, headers: { "If-Match": etag } });
export const changePassword = (now, next) => call("POST", "/users/me/password", { body: { current_password: now, new_password: next } });
export const changeEmail = (email) => call("POST", "/users/me/email", { body: { email } });

export const factors = () => call("GET", "/users/me/factors");
export const beginTotp = () => call("POST", "/users/me/factors/totp");
export const confirmTotp = (totp) => call("POST", "/users/me/factors/totp/confirm", { body: { totp } });
export const removeTotp = () => call("DELETE", "/users/me/factors/totp");
export const renewRecoveryCodes = () => call("POST", "/users/me/factors/recovery-codes");

export const beginPasskey = () => call("POST", "/users/me/passkey-options");
export const addPasskey = (token, name, passkey) => call("POST", "/users/me/passkeys", { body: { token, name, passkey } });
export const renamePasskey = (id, name) => call("PATCH", `/users/me/passkeys/${segment(id)}`, { body: { name } });
export const removePasskey = (id) => call("DELETE", `/users/me/passkeys/${segment(id)}`);

export const sessions = () => call("GET", "/auth/sessions");
export const endSession = (id) => call("DELETE", `/auth/sessions/${segment(id)}`);
export const endOtherSessions = () => call("DELETE", "/auth/sessions");

export const tokens = () => call("GET", "/users/me/tokens");
/** @param {{name: string, scopes: string[], expires_at: string}} wish */
export const createToken = (wish) => call("POST", "/users/me/tokens", { body: wish });
export const changeToken = (id, patch) => call("PATCH", `/users/me/tokens/${segment(id)}`, { body: patch });
export const revokeToken = (id) => call("DELETE", `/users/me/tokens/${segment(id)}`);

export const identities = () => call("GET", "/users/me/identities");
export const linkIdentity = (provider, next) => call("POST", "/users/me/identities", { body: { provider, next } });
export const unlinkIdentity = (id) => call("DELETE", `/users/me/identities/${segment(id)}`);

export const exportMe = () => call("GET", "/users/me/export");
export const deleteMe = () => call("DELETE", "/users/me");
export const erasure = (id) => call("GET", `/erasures/${segment(id)}`);
