"""Whichever way a user's sign-ins end, it is written down to be told: see ADR 19."""

from django.db import migrations, models

_WRITE_DOWN = """
CREATE FUNCTION accounts_user_write_down_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO accounts_untoldend (user_id, ending) VALUES (OLD.id, TG_ARGV[0]);
    RETURN NULL;
END
$$;
CREATE TRIGGER accounts_user_disabled
AFTER UPDATE OF is_active ON accounts_user
FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active)
EXECUTE FUNCTION accounts_user_write_down_end('disabled');
CREATE TRIGGER accounts_user_deleted
AFTER DELETE ON accounts_user
FOR EACH ROW EXECUTE FUNCTION accounts_user_write_down_end('disabled');
CREATE TRIGGER accounts_user_password_changed
AFTER UPDATE OF password ON accounts_user
FOR EACH ROW WHEN (OLD.password IS DISTINCT FROM NEW.password)
EXECUTE FUNCTION accounts_user_write_down_end('password_changed');
"""
_FORGET = """
DROP TRIGGER accounts_user_disabled ON accounts_user;
DROP TRIGGER accounts_user_deleted ON accounts_user;
DROP TRIGGER accounts_user_password_changed ON accounts_user;
DROP FUNCTION accounts_user_write_down_end();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_user_disabling_id")]

    operations = [
        migrations.CreateModel(
            name="UntoldEnd",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("user_id", models.BigIntegerField()),
                ("ending", models.CharField(max_length=16)),
            ],
        ),
        migrations.RunSQL(_WRITE_DOWN, _FORGET),
    ]
