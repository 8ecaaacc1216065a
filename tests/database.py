"""The database between tests that commit: put back to how the migrations left it, without emptying all of it.

Django truncates every table and runs what follows a migration after each of them, which takes longer than most of these
tests. Here only what a test has written is deleted, and what migrations had put in is put back where it was changed.
"""

from typing import Any

from django.db import connection
from django.test import TransactionTestCase

# Within one transaction without triggers and foreign keys: the order of the tables does not matter, and the ledger, which
# refuses to be changed, is a table like any other.
_RESTORE = """
CREATE SCHEMA pristine;
CREATE TABLE pristine.contents (name text PRIMARY KEY, digest text NOT NULL);
CREATE FUNCTION pristine.digest(wanted text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE found text;
BEGIN
    EXECUTE format('SELECT md5(string_agg(md5(t::text), '''' ORDER BY md5(t::text))) FROM public.%I t', wanted) INTO found;
    RETURN found;
END $$;
CREATE FUNCTION pristine.restore() RETURNS void LANGUAGE plpgsql SET session_replication_role = replica AS $$
DECLARE item record; filled boolean;
BEGIN
    FOR item IN SELECT t.tablename AS name, c.digest FROM pg_tables t LEFT JOIN pristine.contents c ON c.name = t.tablename
                WHERE t.schemaname = 'public' LOOP
        IF item.digest IS NULL THEN
            EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', item.name) INTO filled;
            IF filled THEN EXECUTE format('DELETE FROM public.%I', item.name); END IF;
        ELSIF pristine.digest(item.name) IS DISTINCT FROM item.digest THEN
            EXECUTE format('DELETE FROM public.%I', item.name);
            EXECUTE format('INSERT INTO public.%1$I SELECT * FROM pristine.%1$I', item.name);
        END IF;
    END LOOP;
END $$;
"""
_KEEP = """
DO $$
DECLARE item record; filled boolean;
BEGIN
    FOR item IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', item.name) INTO filled;
        IF filled THEN
            EXECUTE format('CREATE TABLE pristine.%1$I AS TABLE public.%1$I', item.name);
            INSERT INTO pristine.contents VALUES (item.name, pristine.digest(item.name));
        END IF;
    END LOOP;
END $$;
"""


def keep() -> None:
    """Remember what the migrations have put in."""
    with connection.cursor() as cursor:
        cursor.execute(_RESTORE)
        cursor.execute(_KEEP)


def restore(*_: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pristine.restore()")


def install() -> None:
    TransactionTestCase._fixture_teardown = restore  # type: ignore[method-assign]
