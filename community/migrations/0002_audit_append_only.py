"""The audit table only grows: PostgreSQL itself refuses to change or delete an entry."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION community_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit entries are append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER community_audit_append_only BEFORE UPDATE OR DELETE ON community_auditentry
    FOR EACH ROW EXECUTE FUNCTION community_audit_append_only();
"""
BACKWARD = """
DROP TRIGGER community_audit_append_only ON community_auditentry;
DROP FUNCTION community_audit_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("community", "0001_people")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
