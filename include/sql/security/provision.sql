-- Run once per workspace database by a superuser, before anything else and again after an upgrade; repeatable.
-- Takes from bi_reader what PostgreSQL gives to everybody and a report does not need. Each revocation closes a
-- way that was tried from a Superset chart; docs/adr/0007-row-security.md lists them.

do $$
declare
    routine regprocedure;
    role_name text;
begin
    execute format('revoke all on database %I from public', current_database());
    foreach role_name in array array['cockpit_etl', 'bi_reader', 'demo_truth'] loop
        if exists (select from pg_roles where rolname = role_name) then
            execute format('grant connect on database %I to %I', current_database(), role_name);
        end if;
    end loop;
    execute format('grant create, temporary on database %I to cockpit_etl', current_database());

    -- Functions that run SQL given as text, hold a connection, write large objects, stop or watch other
    -- sessions, or take locks that a load waits for.
    for routine in
        select proc.oid::regprocedure
        from pg_proc as proc
        where
            proc.pronamespace = cast('pg_catalog' as regnamespace)
            and (
                proc.proname ~ '^(query|cursor|table|schema|database)_to_xml(schema|_and_xmlschema)?$'
                or proc.proname in ('ts_stat', 'set_config')
                -- The two-argument form runs a query; the three-argument form only rewrites text.
                or (proc.proname = 'ts_rewrite' and proc.pronargs = 2)
                or proc.proname ~ '^pg_sleep'
                or proc.proname ~ '^(lo_|loread$|lowrite$)'
                or proc.proname ~ '^pg_(try_)?advisory_'
                or proc.proname in ('pg_terminate_backend', 'pg_cancel_backend', 'pg_notify', 'pg_export_snapshot')
                or proc.proname in ('pg_stat_get_activity', 'pg_stat_get_backend_activity')
            )
    loop
        execute format('revoke all on function %s from public', routine);
        -- Only what pipelines use; lo_import and lo_export would give them the server's disk.
        if cast(routine as text) ~ '^(set_config|pg_sleep|pg_export_snapshot|pg_(try_)?advisory_|pg_(terminate|cancel)_backend|pg_stat_get)'
        then
            execute format('grant execute on function %s to cockpit_etl', routine);
        end if;
    end loop;

    -- The intake holds a lock on each form's table; its rights on tables come with them (cockpit.sources.forms).
    if exists (select from pg_roles where rolname = 'intake') then
        grant execute on function pg_advisory_lock(bigint), pg_advisory_unlock(bigint) to intake;
    end if;
    -- Two answers about one row come one after the other; its rights on tables: cockpit.quality.rights.
    if exists (select from pg_roles where rolname = 'cockpit_tasks') then
        grant execute on function
            pg_advisory_lock(bigint), pg_advisory_unlock(bigint), pg_advisory_xact_lock(bigint)
        to cockpit_tasks;
    end if;

    revoke usage on language plpgsql from public;
    grant usage on language plpgsql to cockpit_etl;
    revoke all on schema public from public;

    -- Owns the views that mask personal columns: nobody logs in as it, and policies apply to it as to bi_reader.
    if not exists (select from pg_roles where rolname = 'bi_masker') then
        create role bi_masker nologin noinherit nocreatedb nocreaterole;
    end if;
    -- The pipelines make its views and do not act in its name.
    grant bi_masker to cockpit_etl with inherit false, set true;

    -- A role may loosen most of its own settings with SET; temp_file_limit and the connection limit it may not.
    -- The first line of defence is that viewers can send no statement of their own (superset/access.py).
    execute format('alter role bi_reader in database %I set statement_timeout = %L', current_database(), '30s');
    execute format('alter role bi_reader in database %I set lock_timeout = %L', current_database(), '5s');
    execute format('alter role bi_reader in database %I set idle_in_transaction_session_timeout = %L',
                   current_database(), '60s');
    execute format('alter role bi_reader in database %I set default_transaction_read_only = on', current_database());
    execute format('alter role bi_reader in database %I set search_path = marts', current_database());
    alter role bi_reader nocreatedb nocreaterole connection limit 60;
    -- Every statement, before it runs, with the person (application_name, superset_config.py). A role cannot take back
    -- what an administrator sets for it here. The whole role, so that no database is left out.
    if has_parameter_privilege('log_statement', 'set') then
        alter role bi_reader set log_statement = 'all';
    end if;
    -- Managed servers have no superuser; there the two remain at the server's default.
    if (select rolsuper from pg_roles where rolname = current_user) then
        alter role bi_reader nosuperuser noreplication nobypassrls;
        execute format('alter role bi_reader in database %I set temp_file_limit = %L', current_database(), '1GB');
    end if;
end
$$;
