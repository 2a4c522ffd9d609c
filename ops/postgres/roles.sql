-- Two roles for the service on PostgreSQL 14 or later: one owns the tables and migrates, the other serves and can neither
-- change a table nor drop the triggers that keep the audit log and the ledger as they are.
--
-- Run it as a superuser, connected to the service's database, before the first `migrate` or at any time after; running it
-- again changes nothing. Then give both a password (`\password prediction_provider_owner`, …), run `prediction-provider migrate`
-- with the owner in DATABASE_URL, and start `serve` and `worker` with the service role.

DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['prediction_provider_owner', 'prediction_provider_service'] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted) THEN
      EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', wanted);
    END IF;
  END LOOP;
  EXECUTE format('GRANT CONNECT, CREATE ON DATABASE %I TO prediction_provider_owner', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO prediction_provider_service', current_database());
END
$$;

-- Up to PostgreSQL 14 everybody may make tables in this schema.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO prediction_provider_owner;
GRANT USAGE ON SCHEMA public TO prediction_provider_service;

-- Where jobs are delivered (graphile-worker's tables; not used with job_engine=embedded).
CREATE SCHEMA IF NOT EXISTS job_queue AUTHORIZATION prediction_provider_owner;
GRANT USAGE ON SCHEMA job_queue TO prediction_provider_service;

-- What the service made before as another role.
DO $$
DECLARE
  made record;
BEGIN
  FOR made IN
    SELECT n.nspname AS schema, c.relname AS name, c.relkind AS kind
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('public', 'job_queue') AND c.relkind IN ('r', 'p', 'v')
      AND pg_get_userbyid(c.relowner) <> 'prediction_provider_owner'
  LOOP
    EXECUTE format('ALTER TABLE %I.%I OWNER TO prediction_provider_owner', made.schema, made.name);
  END LOOP;
  FOR made IN
    SELECT p.oid::regprocedure::text AS signature
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname IN ('public', 'job_queue') AND pg_get_userbyid(p.proowner) <> 'prediction_provider_owner'
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
  LOOP
    EXECUTE format('ALTER ROUTINE %s OWNER TO prediction_provider_owner', made.signature);
  END LOOP;
END
$$;
ALTER SCHEMA job_queue OWNER TO prediction_provider_owner;

-- Rows, and nothing else: what is there, and what a later version makes.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public, job_queue TO prediction_provider_service;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public, job_queue TO prediction_provider_service;
ALTER DEFAULT PRIVILEGES FOR ROLE prediction_provider_owner IN SCHEMA public, job_queue
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO prediction_provider_service;
ALTER DEFAULT PRIVILEGES FOR ROLE prediction_provider_owner IN SCHEMA public, job_queue
  GRANT USAGE, SELECT ON SEQUENCES TO prediction_provider_service;
