"""What a user was signed in with does not count again once they are enabled: see ADR 18."""

from django.db import migrations, models

# Nobody else writes it: one who saves a user that was read a while ago has an old one in hand.
_NAME_DISABLINGS = """
CREATE FUNCTION accounts_user_name_disabling() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.disabling_id := CASE
        WHEN OLD.is_active AND NOT NEW.is_active THEN gen_random_uuid()::text
        ELSE OLD.disabling_id
    END;
    RETURN NEW;
END
$$;
CREATE TRIGGER accounts_user_name_disabling
BEFORE UPDATE OF is_active, disabling_id ON accounts_user
FOR EACH ROW EXECUTE FUNCTION accounts_user_name_disabling();
"""
_FORGET = """
DROP TRIGGER accounts_user_name_disabling ON accounts_user;
DROP FUNCTION accounts_user_name_disabling();
"""
_DISABLED_ALREADY = (
    "UPDATE accounts_user SET disabling_id = gen_random_uuid()::text WHERE NOT is_active"
)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="disabling_id",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=36
            ),
        ),
        migrations.RunSQL(_DISABLED_ALREADY, migrations.RunSQL.noop),
        migrations.RunSQL(_NAME_DISABLINGS, _FORGET),
    ]
