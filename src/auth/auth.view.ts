import type { ApiKeyInfo, IssuedApiKey } from '../accounts/accounts.port.js';
import type { ApiKeyInfoOut, ApiKeyOut, TokenOut } from './auth.dto.js';

export const presentToken = (token: string): TokenOut => ({ access_token: token, token_type: 'bearer' });

export const presentApiKey = ({ apiKey, expiresInDays }: IssuedApiKey): ApiKeyOut => ({
  api_key: apiKey,
  expires_in_days: expiresInDays,
});

export const presentApiKeyInfo = (info: ApiKeyInfo | null): ApiKeyInfoOut => ({
  created_at: info?.createdAt ?? null,
  expires_at: info?.expiresAt ?? null,
  last_used_at: info?.lastUsedAt ?? null,
});
