"""Static files: built by ``npm run build`` into static/dist, served by the web process itself (servestatic)."""

from config.env import BASE_DIR, env

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static" / "dist"]
STATIC_ROOT = BASE_DIR / "staticfiles"

# Production serves what `collectstatic` gathered, under names that carry a hash and never expire. Elsewhere, and where
# nobody has collected, the files come from where they are built.
STATIC_HASHED = env.production and (STATIC_ROOT / "staticfiles.json").is_file()
SERVESTATIC_USE_FINDERS = not STATIC_HASHED
SERVESTATIC_USE_MANIFEST = STATIC_HASHED
SERVESTATIC_AUTOREFRESH = not env.production
SERVESTATIC_MAX_AGE = 300 if env.production else 0
