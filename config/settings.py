"""Django's settings, composed from the environment.

Of the apps, only the command `createusers` reads it directly: its passwords are nobody else's.
"""

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from celery.schedules import crontab
from corsheaders.defaults import default_headers
from django.core.exceptions import ImproperlyConfigured

from config.env import Environment, redis_database
from config.logging import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

# -- Process ---------------------------------------------------------------------------------

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.secret("SECRET_KEY", at_least=32)
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CORS_ALLOWED_ORIGINS = env.origins("CORS_ORIGINS")
CORS_ALLOW_CREDENTIALS = bool(CORS_ALLOWED_ORIGINS)
CORS_ALLOW_HEADERS = (*default_headers, "idempotency-key", "x-token-transport")
CORS_EXPOSE_HEADERS = ["Retry-After"]
CORS_URLS_REGEX = r"^/api/"

HOST = env.text("HOST", "127.0.0.1")
PORT = env.integer("PORT", 8000, low=1, high=65535)
WEB_PROCESSES = env.integer("WEB_PROCESSES", 1, low=1, high=256)
WEB_DRAIN_SECONDS = env.seconds("WEB_DRAIN_SECONDS", 1, low=0, high=300)
WEB_GRACE_SECONDS = env.integer("WEB_GRACE_SECONDS", 8, low=1, high=600)
BEHIND_PROXY = env.flag("BEHIND_PROXY", default=False)

LOG_LEVEL = env.choice("LOG_LEVEL", "info", of=("debug", "info", "warning", "error"))
LOG_FORMAT = env.choice("LOG_FORMAT", "console" if DEBUG else "json", of=("console", "json"))
LOGGING = logging_config(level=LOG_LEVEL, output=LOG_FORMAT)
LOGGING_CONFIG = "config.logging.configure"
# Or the log would look the user of every session up, and fail where Postgres is away.
# The sign-in of the API binds `user_id` itself.
DJANGO_STRUCTLOG_USER_ID_FIELD = None
# The proxy's log and ours then call a request by the same name; a client alone cannot choose it.
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = BEHIND_PROXY
# A job that ran says so itself, every few seconds; these two would say it thrice.
DJANGO_STRUCTLOG_CELERY_TASK_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_CELERY_TASK_SUCCESS_LOG_LEVEL = logging.DEBUG

# -- Applications ----------------------------------------------------------------------------

INSTALLED_APPS = [
    "daphne",  # first: it replaces runserver, so that development speaks WebSocket
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_structlog",
    "corsheaders",
    "channels",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "accounts",
    "securities",
    "watchlists",
    "pricefeed",
]

MIDDLEWARE = [
    "config.metrics.Metrics",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "config.request_log.RequestLog",
    "rest.middleware.JsonErrors",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
APPEND_SLASH = False

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# -- Postgres and Redis ----------------------------------------------------------------------

DATABASE_URL = env.postgres("DATABASE_URL")
_database = environ.Env.db_url_config(DATABASE_URL)
# On both ends: a host that vanished must not hold the feed's lock, or a request, for hours.
# Keepalive rests while something is under way; that has its own limit, in milliseconds.
_KEEPALIVE = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3}
_UNDER_WAY = {"tcp_user_timeout": 15_000}
_OF_THE_SERVER = {**{f"tcp_{name}": value for name, value in _KEEPALIVE.items()}, **_UNDER_WAY}
DATABASES: dict[str, Any] = {
    "default": {
        **_database,
        "ENGINE": "config.postgres",  # looks whether a connection lives, before it is used
        "OPTIONS": {
            # Requests run in threads that come and go; a pool keeps connections few and warm.
            "pool": {
                "min_size": 1,
                "max_size": env.integer("DATABASE_POOL_SIZE", 8, low=1, high=500),
                # Postgres away is said soon; and found again soon: the pool would wait ever longer
                # between attempts, while giving up lets the next request try at once.
                "timeout": 2,
                "reconnect_timeout": 2,
            },
            "connect_timeout": 5,
            # Only what asks for it is prepared: a few long statements of recording.
            "prepare_threshold": 5,
            **_KEEPALIVE,
            **_UNDER_WAY,
            "options": " ".join(f"-c {name}={value}" for name, value in _OF_THE_SERVER.items()),
            **_database.get("OPTIONS", {}),  # what the address itself asks for: sslmode and so on
        },
        "TEST": {"NAME": env.text("TEST_DATABASE_NAME", "test_tickwatch")},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.redis("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "tickwatch",
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "pricefeed.delivery.layer.BatchedChannelLayer",
        # Redis' pub/sub knows no database numbers: the name keeps neighbours apart.
        "CONFIG": {
            "hosts": [{"address": REDIS_URL, "socket_timeout": 5, "socket_connect_timeout": 2}],
            "prefix": f"tickwatch{redis_database(REDIS_URL)}",
        },
    }
}

# What accounts says in this group of the channel layer, open sockets hear; and whom they ask when
# they open, and when they may have missed it.
SESSIONS_GROUP = "sessions"
SESSIONS_LIVING = "accounts.selectors.living_sessions"

# -- Prices ----------------------------------------------------------------------------------

PRICE_SOURCE = env.choice(
    "PRICE_SOURCE", "simulated", of=("simulated", "replay", "alpaca", "yahoo")
)
PRICE_UPDATE_SECONDS = env.seconds("PRICE_UPDATE_SECONDS", 5, low=0.1, high=3600)
PRICE_HISTORY_DAYS = env.integer("PRICE_HISTORY_DAYS", 7, low=1, high=3650)
CANDLE_DAYS = env.integer("CANDLE_DAYS", 30, low=1, high=3650)
PRICE_STALE_SECONDS = env.seconds(
    "PRICE_STALE_SECONDS", max(15.0, 3 * PRICE_UPDATE_SECONDS), low=1, high=86_400
)
SIMULATED_TICKERS = env.integer("SIMULATED_TICKERS", 0, low=0, high=100_000)
SIMULATED_STEP_PERCENT = env.decimal("SIMULATED_STEP_PERCENT", "0.5", low="0.001", high="50")
SIMULATED_RANGE_PERCENT = env.decimal("SIMULATED_RANGE_PERCENT", "20", low="0.01", high="99")
SIMULATED_START_LOW = env.decimal("SIMULATED_START_LOW", "10", low="0.01", high="1000000")
SIMULATED_START_HIGH = env.decimal("SIMULATED_START_HIGH", "500", low="0.01", high="1000000")
if SIMULATED_START_LOW > SIMULATED_START_HIGH:
    raise ImproperlyConfigured(
        f"SIMULATED_START_LOW is {SIMULATED_START_LOW}, but must not be above "
        f"SIMULATED_START_HIGH, which is {SIMULATED_START_HIGH}."
    )
SIMULATED_SEED = env.text("SIMULATED_SEED", "")
SIMULATED_TICKS_PER_SECOND = env.integer("SIMULATED_TICKS_PER_SECOND", 0, low=0, high=1_000_000)
if SIMULATED_TICKS_PER_SECOND and PRICE_SOURCE != "simulated":
    raise ImproperlyConfigured(
        f"SIMULATED_TICKS_PER_SECOND is {SIMULATED_TICKS_PER_SECOND}, so PRICE_SOURCE must be "
        f"'simulated', not {PRICE_SOURCE!r}."
    )
REPLAY_FILE = env.file("REPLAY_FILE")
if PRICE_SOURCE == "replay" and REPLAY_FILE is None:
    raise ImproperlyConfigured(
        "PRICE_SOURCE is 'replay', so REPLAY_FILE must name a file of ticks."
    )
REPLAY_SPEED = env.decimal("REPLAY_SPEED", "1", low="0.001", high="1000000")
REPLAY_LOOP = env.flag("REPLAY_LOOP", default=True)

# -- Vendors ---------------------------------------------------------------------------------

VENDOR_REQUESTS_PER_MINUTE = env.integer("VENDOR_REQUESTS_PER_MINUTE", 180, low=1, high=100_000)
VENDOR_TICKERS_PER_REQUEST = env.integer("VENDOR_TICKERS_PER_REQUEST", 100, low=1, high=1000)
VENDOR_TICKERS = env.tickers("VENDOR_TICKERS")
ALPACA_KEY_ID = env.text("ALPACA_KEY_ID", "")
ALPACA_SECRET_KEY = env.text("ALPACA_SECRET_KEY", "")
ALPACA_URL = env.web_address("ALPACA_URL", "https://data.alpaca.markets")
ALPACA_FEED = env.choice("ALPACA_FEED", "iex", of=("iex", "sip", "delayed_sip", "boats", "otc"))
if PRICE_SOURCE == "alpaca" and not (ALPACA_KEY_ID and ALPACA_SECRET_KEY):
    raise ImproperlyConfigured(
        "PRICE_SOURCE is 'alpaca', so ALPACA_KEY_ID and ALPACA_SECRET_KEY must both be set."
    )

# -- Pushed prices ---------------------------------------------------------------------------

TICK_PARTITIONS = env.integer("TICK_PARTITIONS", 8, low=1, high=256)
TICK_SECONDS_AHEAD = env.seconds("TICK_SECONDS_AHEAD", 10, low=0, high=3600)
TICKS_WAITING = env.integer("TICKS_WAITING", 5_000_000, low=10_000, high=1_000_000_000)
TICKS_WAITING_PER_PARTITION = env.integer(
    "TICKS_WAITING_PER_PARTITION", 1_000_000, low=10_000, high=1_000_000_000
)
PRICES_BODY_LIMIT = 2 * 1024 * 1024  # bytes: ten thousand ticks, generously written

# -- Spikes ----------------------------------------------------------------------------------

ANOMALY_THRESHOLD_PERCENT = env.decimal("ANOMALY_THRESHOLD_PERCENT", "2.0", low="0.01", high="400")
if round(ANOMALY_THRESHOLD_PERCENT, 6) != ANOMALY_THRESHOLD_PERCENT:
    raise ImproperlyConfigured(
        f"ANOMALY_THRESHOLD_PERCENT is {ANOMALY_THRESHOLD_PERCENT}, but must have at most "
        "six decimals: spikes are decided exactly."
    )
ANOMALY_WINDOW_MS = env.integer("ANOMALY_WINDOW_MS", 1000, low=1, high=600_000)

# -- Sockets ---------------------------------------------------------------------------------

SOCKETS_PER_USER = env.integer("SOCKETS_PER_USER", 100, low=1, high=1_000_000)
SOCKETS_PER_ADDRESS = env.integer("SOCKETS_PER_ADDRESS", 20_000, low=1, high=1_000_000)
SOCKET_MESSAGES_PER_SECOND = env.decimal("SOCKET_MESSAGES_PER_SECOND", "10", low="0.5", high="1000")

WATCHLIST_MAX_ITEMS = env.integer("WATCHLIST_MAX_ITEMS", 1000, low=1, high=100_000)

# -- Who may ---------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = ["accounts.hashers.Argon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": name}
    for name in (
        "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "django.contrib.auth.password_validation.MinimumLengthValidator",
        "django.contrib.auth.password_validation.CommonPasswordValidator",
        "django.contrib.auth.password_validation.NumericPasswordValidator",
        "accounts.passwords.EndsSignIns",  # no rule: it hears of every new password
    )
]
LOGIN_ATTEMPTS_PER_MINUTE = env.integer("LOGIN_ATTEMPTS_PER_MINUTE", 10, low=1, high=1_000_000)
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(
        minutes=env.integer("ACCESS_TOKEN_MINUTES", 15, low=1, high=1440)
    ),
    "REFRESH_TOKEN_LIFETIME": timedelta(
        days=env.integer("REFRESH_TOKEN_DAYS", 14, low=1, high=365)
    ),
    "ALGORITHM": "HS256",
    "ISSUER": "tickwatch",
    "LEEWAY": 2,  # seconds that the clocks of two servers may differ
}

# -- REST ------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest.permissions.SignedIn"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "rest.negotiation.FirstRenderer",
    "DEFAULT_METADATA_CLASS": "rest.negotiation.MethodsMetadata",
    "EXCEPTION_HANDLER": "rest.errors.exception_handler",
    "NON_FIELD_ERRORS_KEY": "body",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
REQUEST_BODY_LIMIT = 1024 * 1024  # bytes; larger bodies are refused with 413
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024  # the admin site's CSV import

SPECTACULAR_SETTINGS = {
    "TITLE": "Tickwatch",
    "DESCRIPTION": "Search securities, keep a watchlist, read prices and history.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",  # served by us: the page works without the internet
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "rest.schema.finish",
    ],
}

# -- Celery ----------------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # by default a worker ends after a hundred
# A link can die without a word: by default the worker notices after a minute, Beat never does.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "health_check_interval": 2,
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    "max_retries": 0,  # of a job that is sent: a request waits for it. Worker and Beat ask on.
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_ACKS_LATE = False  # a lost price run is repaired by the next one, never repeated
CELERY_BEAT_SCHEDULER = "config.beat:Scheduler"
# At a minute of the clock: Beat in a container forgets, with a restart, when it last ran a job.
CELERY_BEAT_SCHEDULE = {
    "update-prices": {
        "task": "pricefeed.tasks.update_prices",
        "schedule": PRICE_UPDATE_SECONDS,
        # A run that waited longer than a period has been overtaken by the next one.
        "options": {"expires": PRICE_UPDATE_SECONDS},
    },
    "ask-for-recorders": {
        "task": "pricefeed.tasks.ask_for_recorders",
        "schedule": 1.0,
        "options": {"expires": 1},
    },
    "tell-untold-ends": {
        "task": "accounts.tasks.tell_untold_ends",
        "schedule": 2.0,
        "options": {"expires": 2},
    },
    "load-new-securities": {
        "task": "pricefeed.tasks.load_new_securities",
        "schedule": crontab(minute="10"),
        "options": {"expires": 600},
    },
    "flush-expired-tokens": {
        "task": "accounts.tasks.flush_expired_tokens",
        "schedule": crontab(minute="30"),
        "options": {"expires": 600},
    },
    "flush-expired-sessions": {
        "task": "accounts.tasks.flush_expired_sessions",
        "schedule": crontab(minute="40"),
        "options": {"expires": 600},
    },
    "maintain-history": {
        "task": "pricefeed.tasks.maintain_history",
        "schedule": crontab(minute="50"),
        "options": {"expires": 600},
    },
}

if SIMULATED_TICKS_PER_SECOND:
    CELERY_BEAT_SCHEDULE["push-simulated-ticks"] = {
        "task": "pricefeed.tasks.push_simulated_ticks",
        "schedule": 1.0,
        # One that comes late finds more that is due; several make it once all the same.
        "options": {"expires": 3},
    }

# -- Web -------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
SCREEN_DIR = BASE_DIR / "frontend" / "dist"
STATICFILES_DIRS = [SCREEN_DIR] if SCREEN_DIR.is_dir() else []
WHITENOISE_USE_FINDERS = True
# The screen's files carry a hash of their content in their name.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/assets/.+-[\w-]{8}\.\w+$"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
HTTPS_ONLY_COOKIES = env.flag("HTTPS_ONLY_COOKIES", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY_COOKIES
