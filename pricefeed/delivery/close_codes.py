"""Why a socket was closed. 4000–4099: do not come back as you are; 4100–4199: come back."""

BAD_MESSAGE = 4000
BAD_TOKEN = 4001
FORBIDDEN = 4003
UNKNOWN_TICKER = 4004
SIGNED_OUT = 4005
PASSWORD_CHANGED = 4006
DISABLED = 4007
NO_AUTHENTICATION = 4008
TOO_MANY = 4029

GOING_AWAY = 4100
TOKEN_EXPIRED = 4101
TOO_SLOW = 4102
OVERLOADED = 4103

REASONS = {
    BAD_MESSAGE: "bad message",
    BAD_TOKEN: "bad or missing token",
    FORBIDDEN: "forbidden",
    UNKNOWN_TICKER: "unknown ticker",
    SIGNED_OUT: "signed out",
    PASSWORD_CHANGED: "password changed",
    DISABLED: "account disabled",
    NO_AUTHENTICATION: "no authentication in time",
    TOO_MANY: "too many connections or messages",
    GOING_AWAY: "going away",
    TOKEN_EXPIRED: "token expired",
    TOO_SLOW: "too slow",
    OVERLOADED: "overloaded",
}
