"""Databases and roles as the platform provisions them, under names of their own: the cluster may be in use."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

import psycopg2
from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor
from psycopg2.extensions import make_dsn

from cockpit.demo.systems import Systems

PASSWORD = "demo-test"
WAREHOUSE, ERP, CRM = "demo_test_cockpit", "demo_test_erp", "demo_test_crm"
ETL, TRUTH = "demo_test_etl", "demo_test_truth"
ERP_OWNER, CRM_OWNER = "demo_test_erp_owner", "demo_test_crm_owner"


@dataclass(frozen=True)
class DemoDatabases:
    """Empty databases for ERP and CRM, and an empty warehouse with schema truth.

    Attributes:
        admin_dsn: A superuser of the cluster.
    """

    admin_dsn: str

    def connect(self, database: str, role: str) -> PgConnection:
        """A connection as one of the roles."""
        return psycopg2.connect(make_dsn(self.admin_dsn, dbname=database, user=role, password=PASSWORD))

    def systems(self) -> Systems:
        """ERP, CRM and truth as their owners; the caller closes them."""
        return Systems(
            erp=self.connect(ERP, ERP_OWNER), crm=self.connect(CRM, CRM_OWNER), truth=self.connect(WAREHOUSE, TRUTH)
        )

    def create(self) -> None:
        self.drop()
        with closing(psycopg2.connect(self.admin_dsn)) as admin:
            admin.autocommit = True
            with admin.cursor() as cursor:
                for role in (ETL, TRUTH, ERP_OWNER, CRM_OWNER):
                    cursor.execute(f"create role {role} login password '{PASSWORD}'")
                cursor.execute(f"create database {WAREHOUSE} owner {ETL}")
                cursor.execute(f"create database {ERP} owner {ERP_OWNER}")
                cursor.execute(f"create database {CRM} owner {CRM_OWNER}")
        with closing(psycopg2.connect(make_dsn(self.admin_dsn, dbname=WAREHOUSE))) as warehouse, warehouse:
            cursor = warehouse.cursor()
            cursor.execute(f"create schema truth authorization {TRUTH}")
            # As the platform does: no procedural code but in pipelines.
            cursor.execute("revoke usage on language plpgsql from public")

    def drop(self) -> None:
        with closing(psycopg2.connect(self.admin_dsn)) as admin:
            admin.autocommit = True
            with admin.cursor() as cursor:
                self._drop(cursor)

    @staticmethod
    def _drop(cursor: PgCursor) -> None:
        for database in (WAREHOUSE, ERP, CRM):
            cursor.execute(f"drop database if exists {database} with (force)")
        for role in (ETL, TRUTH, ERP_OWNER, CRM_OWNER):
            cursor.execute(f"drop role if exists {role}")
